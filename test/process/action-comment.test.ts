import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workbench } from './program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'action/comment.mjs');
const BOT = 'github-actions[bot]';

interface Comment {
  readonly id: number;
  readonly user: { readonly login: string };
  body: string;
}

const execute = promisify(execFile);
const bench = new Workbench();
let comments: Comment[] = [];
let mayWrite = true;

/** The comments of pull request 7, as GitHub's API has them. */
const github = createServer((request, response) => {
  const answer = (status: number, content: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
  const serve = async () => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    if (request.headers.authorization !== 'Bearer secret') return answer(401, {});
    if (request.method === 'GET' && pathname === '/repos/o/r/issues/7/comments') {
      const [size, page] = ['per_page', 'page'].map((name) => Number(searchParams.get(name)));
      return answer(200, comments.slice((page! - 1) * size!, page! * size!));
    }
    if (!mayWrite) return answer(403, { message: 'Resource not accessible\nby integration' });
    const { body } = JSON.parse(await text(request)) as { readonly body: string };
    if (request.method === 'POST' && pathname === '/repos/o/r/issues/7/comments') {
      comments.push({ id: comments.length + 1, user: { login: BOT }, body });
      return answer(201, comments.at(-1));
    }
    const id = /^\/repos\/o\/r\/issues\/comments\/(\d+)$/.exec(pathname)?.[1];
    const found = comments.find((comment) => comment.id === Number(id));
    if (request.method !== 'PATCH' || found === undefined) return answer(404, {});
    found.body = body;
    return answer(200, found);
  };
  void serve();
});

beforeAll(async () => {
  github.listen(0, '127.0.0.1');
  await once(github, 'listening');
});
afterAll(async () => {
  github.close();
  await bench.end();
});
beforeEach(() => {
  mayWrite = true;
  comments = Array.from({ length: 100 }, (_, i) => ({
    id: i + 1,
    user: { login: BOT },
    body: 'of a linter',
  }));
});

async function comment(summary: string, out = 'inferometer-run'): Promise<string> {
  writeFileSync(bench.file('summary.md'), summary);
  const { stdout } = await execute(process.execPath, [SCRIPT], {
    env: {
      ...{ TOKEN: 'secret', PULL_REQUEST: '7', SUMMARY: bench.file('summary.md'), OUT: out },
      GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
      GITHUB_REPOSITORY: 'o/r',
    },
  });
  return stdout;
}

describe('the comment of the GitHub Action', () => {
  it('updates its own one and leaves those of others alone', async () => {
    const others = structuredClone(comments);
    const quoted = {
      id: 101,
      user: { login: 'somebody' },
      body: '<!-- inferometer:inferometer-run -->\nmine',
    };
    comments.push(structuredClone(quoted));
    expect(await comment('`first` $(touch x)\n')).toBe('');
    await comment('of another load', 'other');
    await comment('second\n');
    expect(comments.slice(0, 101)).toEqual([...others, quoted]);
    expect(comments.slice(101).map(({ body }) => body)).toEqual([
      '<!-- inferometer:inferometer-run -->\nsecond\n',
      '<!-- inferometer:other -->\nof another load',
    ]);
  });

  it('warns and goes on when the token may not write, as for a fork', async () => {
    mayWrite = false;
    const said = await comment('a result');
    expect(said).toMatch(
      /^::warning::could not comment on the pull request: POST \S+: 403 .*not accessible.*\n$/,
    );
    expect(comments).toHaveLength(100);
  });

  it('gets from the action what it reads', () => {
    const { runs } = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
      readonly runs: { readonly steps: readonly { readonly run?: string; readonly env?: object }[] };
    };
    const step = runs.steps.find(({ run }) => run?.includes('action/comment.mjs'));
    expect(Object.keys(step?.env ?? {})).toEqual(['TOKEN', 'PULL_REQUEST', 'SUMMARY', 'OUT']);
  });
});
