import { expect, it } from 'vitest';
import { readPowerLine, readPowerMetrics } from './power-text.ts';

it('reads the power of each device that an exporter tells, once', () => {
  const dcgm = (instance: string, uuid: string, watts: number) =>
    `DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="${uuid}",GPU_I_ID="${instance}",Hostname="n1"} ${watts}`;
  expect(
    readPowerMetrics([dcgm('1', 'a', 250.5), dcgm('2', 'a', 250.5), dcgm('', 'b', 100)].join('\n')),
  ).toEqual({
    metric: 'DCGM_FI_DEV_POWER_USAGE',
    readings: [
      ['n1 a', 250.5],
      ['n1 b', 100],
    ],
  });
  expect(readPowerMetrics('# HELP x\nnvidia_smi_power_draw_watts{uuid="u"} 71.2\n')!.readings).toEqual([
    ['u', 71.2],
  ]);
  const machine = 'ipmi_dcmi_power_consumption_watts 900\nDCGM_FI_DEV_POWER_USAGE{UUID="a"} 400\n';
  expect(readPowerMetrics(machine)!.readings).toEqual([['', 900]]);
  const gpu = 'DCGM_FI_DEV_POWER_USAGE';
  expect(readPowerMetrics(machine, gpu)).toEqual({ metric: gpu, readings: [['a', 400]] });
  expect(readPowerMetrics(machine, 'gpu_package_power')).toBeUndefined();
  const hosts = ['a', 'b'].map((host) => `ipmi_dcmi_power_consumption_watts{instance="${host}"} 900`);
  expect(readPowerMetrics(hosts.join('\n'))!.readings).toEqual([
    ['a', 900],
    ['b', 900],
  ]);
  expect(readPowerMetrics('gpu_package_power{gpu_id="3"} NaN\nother 4\n')).toBeUndefined();
});

it('reads the lines of a program, and says what is wrong with one', () => {
  expect(readPowerLine('{"watts": 312.5}')).toEqual({ atMs: undefined, device: '', watts: 312.5 });
  expect(readPowerLine('{"t": 1764500000.5, "watts": 1, "device": 3}')).toEqual({
    ...{ atMs: 1764500000500, device: '3', watts: 1 },
  });
  expect(readPowerLine('{"t": 1764500000500, "watts": 1}')).toMatchObject({ atMs: 1764500000500 });
  expect(readPowerLine('{"t": "2026-01-01T00:00:00Z", "watts": 1}')).toMatchObject({ atMs: 1767225600000 });
  for (const [line, wrong] of [
    ['312.5 W', 'no JSON'],
    ['null', 'no "watts"'],
    ['{"watts": -1}', 'no "watts"'],
    ['{"watts": 1, "t": "noon"}', '"t" is neither'],
  ] as const)
    expect(readPowerLine(line), line).toContain(wrong);
});
