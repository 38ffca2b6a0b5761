import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createRunClock } from '../../core/time.ts';
import { powerReader } from './power-reader.ts';

it('stays with the metric of an exporter that it has found first', async () => {
  const gpu = 'DCGM_FI_DEV_POWER_USAGE{UUID="a"} 400\n';
  let text = `ipmi_dcmi_power_consumption_watts 900\n${gpu}`;
  const server = createServer((_request, response) => response.end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    const read = powerReader(url, createRunClock(process.hrtime.bigint()));
    expect(await read()).toMatchObject({ readings: [['', 900]], complete: true, failure: null });
    text = gpu;
    expect(await read()).toMatchObject({
      readings: null,
      failure: 'no power in W by ipmi_dcmi_power_consumption_watts, as before',
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
