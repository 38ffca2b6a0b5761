import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Workbench } from './program.ts';

const bench = new Workbench();
const counter = createServer((_request, response) => response.end());
let connections = 0;
let endpoint = '';

beforeAll(async () => {
  counter.on('connection', () => connections++);
  await once(counter.listen(0, '127.0.0.1'), 'listening');
  endpoint = `http://127.0.0.1:${(counter.address() as AddressInfo).port}`;
  bench.dataset(2, 'ok.jsonl');
  mkdirSync(bench.file('folder.jsonl'));
  symlinkSync('/dev/null', bench.file('endless.jsonl'));
  writeFileSync(bench.file('binary.csv'), Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
  writeFileSync(bench.file('broken.jsonl'), '{"prompt":"a"}\n{"prompt":\n');
  writeFileSync(bench.file('empty.jsonl'), '');
  writeFileSync(bench.file('odd.yaml'), 'model: m\nload:\n  rte: 5\n');
  writeFileSync(bench.file('file'), '');
  writeFileSync(bench.file('foreign.json'), '{"precious": true}\n');
  mkdirSync(bench.file('begun'));
  writeFileSync(bench.file('begun/run.log'), '');
});

afterAll(async () => {
  counter.close();
  await bench.end();
});

it.each<[string, readonly string[], string]>([
  ['endpoint', ['--endpoint', 'http://h:99999'], '--endpoint http://h:99999: the port must be at most 65535'],
  ['rate', ['--rate', '1e400'], '--rate must be a number above 0'],
  ['duration', ['--duration', '10'], '--duration must be a duration with its unit'],
  ['a folder', ['--dataset', 'folder.jsonl'], 'folder.jsonl: is a folder without files'],
  ['a device', ['--dataset', 'endless.jsonl'], 'endless.jsonl: cannot be read: it is a device'],
  ['no text', ['--dataset', 'binary.csv'], 'binary.csv: is damaged UTF-16 text'],
  ['a broken row', ['--dataset', 'broken.jsonl'], 'broken.jsonl:2:11: invalid JSON'],
  ['no rows', ['--dataset', 'empty.jsonl'], 'empty.jsonl: has no rows'],
  ['an unknown key', ['--config', 'odd.yaml'], '--config odd.yaml:3:8: load.rte: unknown key'],
  ['no file at all', ['--config', ''], '--config must be a YAML file'],
  ['no place at all', ['--out', ''], '--out must be a writable directory'],
  ['a file in the way', ['--out', 'file/run'], '--out file/run cannot be created (ENOTDIR'],
  ['a place that is not made', ['--out', '/proc/nothing/here'], '--out /proc/nothing/here cannot be created'],
  ['web', ['--web', '99999'], '--web must be a port up to 65535'],
  [
    'view',
    ['--view-address', 'tcp://127.0.0.1:99999'],
    '--view-address must be tcp://<host>:<port> with a port up to 65535 (got "tcp://127.0.0.1:99999")',
  ],
  ['otlp', ['--otlp', 'x'], '--otlp must be an address'],
])('run refuses %s by one message, before anything is sent or made', async (_what, args, message) => {
  const usual = ['--endpoint', endpoint, '--model', 'm', '--dataset', 'ok.jsonl', '--out', 'run'];
  const replaced = usual.flatMap((text, index) =>
    index % 2 === 0 && !args.includes(text) ? [text, usual[index + 1]!] : [],
  );
  const finished = await bench.start(['run', ...replaced, ...args], {}, bench.path).finished;
  expect(finished).toMatchObject({ code: 2, stdout: '' });
  expect(finished.stderr).toMatch(/^error: .*\n$/);
  expect(finished.stderr).toContain(message);
  expect(connections).toBe(0);
  for (const made of ['run', 'runs', 'metrics']) expect(existsSync(bench.file(made))).toBe(false);
});

it.each<[readonly string[], string]>([
  [['serve-mock', '--port', '70000'], '--port must be a whole number from 0 to 65535'],
  [['serve-mock', '--host', ''], '--host must be an address'],
  [['serve-mock', '--output-tokens', 'fixed:1e300'], '--output-tokens must be fixed:N'],
  [['serve-mock', '--fail', 'x'], '--fail must be KIND=PROBABILITY'],
  [['serve', '--listen', '99999'], '--listen must be a port up to 65535'],
  [['serve', '--runs', 'file'], '--runs must be a folder of runs (got "file", which is a file)'],
  [['serve', 'tcp://127.0.0.1:99999'], 'the address must be tcp://<host>:<port>'],
  [['watch', 'tcp://127.0.0.1:99999'], 'the address must be tcp://<host>:<port>'],
  [['watch', '--speed', '1e-300', 'x'], '--speed must be a number from 0.01 to 1000000'],
  [['report', ''], '"": no run here'],
  [['compare', 'a', 'b', '--margin', '1e400'], '--margin must be a share from 0% to 1000%'],
  [['compare', 'a', 'b', '--format', 'x'], '--format must be one of text, json, html'],
  [['plot', 'a', '--out', ''], '--out must be a directory'],
  [['export', 'a', '--out', ''], '--out must be a file'],
  [['compare', 'a', 'b', '--out', ''], '--out must be a file'],
  [['calibrate', '--out', ''], '--out must be a file to keep the calibration in'],
  [['plot', 'a', '--format', 'x'], '--format must be one of svg, png'],
  [['plot', 'a', '--theme', 'x'], '--theme must be one of light, dark'],
  [['export', 'a', '--samples', 'x'], '--samples must be one of csv, parquet'],
  [['watch', '--replay', 'nowhere'], 'nowhere: no run here (run.log is missing); give a run directory'],
  [['watch', '--replay', 'begun'], 'begun/run.log: holds no whole frame, nothing to play'],
  [['watch', '--replay', '--once', 'begun'], 'begun/run.log: holds no whole frame, nothing to play'],
  [
    ['calibrate', '--out', 'foreign.json'],
    'foreign.json: is no calibration of this program, and was left as',
  ],
  [['plot', 'a', '--width', '1e400'], '--width must be a whole number from 200 to 8000'],
  [['calibrate', '--grid', '1x1e300x1'], '--grid must be numbers up to 100000'],
  [['demo', '--duration', '10'], '--duration must be a duration with its unit'],
])('%j is refused by one message', async (args, message) => {
  const finished = await bench.start(args, {}, bench.path).finished;
  expect(finished).toMatchObject({ code: 2, stdout: '' });
  expect(finished.stderr).toMatch(/^error: .*\n$/);
  expect(finished.stderr).toContain(message);
});

it('calibrate leaves a file alone that is none of ours', async () => {
  await bench.start(['calibrate', '--quick', '--out', 'foreign.json'], {}, bench.path).finished;
  expect(readFileSync(bench.file('foreign.json'), 'utf8')).toBe('{"precious": true}\n');
});

it('watch of a run that is gone and left nothing to show says so, and by its exit code', async () => {
  const finished = await bench.start(['watch', 'begun'], {}, bench.path).finished;
  expect(finished).toMatchObject({ code: 5, stdout: '' });
  expect(finished.stderr).toMatch(/^error: the run is gone without a final snapshot; .*\n$/);
});

it('what commander refuses names the help to look at', async () => {
  const finished = await bench.start(['nosuch']).finished;
  expect(finished.code).toBe(2);
  expect(finished.stderr).toBe("error: unknown command 'nosuch'\n(inferometer --help shows all)\n");
});
