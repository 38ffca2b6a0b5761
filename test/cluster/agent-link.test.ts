import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentLink } from '../../src/app/cluster/agent-link.ts';
import { type NatsPlace, openNats } from '../../src/app/cluster/nats-place.ts';
import type { Job } from '../../src/cluster/messages.ts';
import { runSubjects } from '../../src/cluster/subjects.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { NATS_SERVER, NatsServer, WITHOUT_NATS } from './nats-server.ts';

const RUN_ID = '0123456789abcdef';

const job: Job = {
  ...{ run_id: RUN_ID, version: '1', clock_source: null, index: 0, count: 1, agents: ['rack-7'], config: {} },
  ...{ paths: [], needs_api_key: false, prompts_digest: '', on_coordinator_loss: 'finish' },
};

describe.skipIf(NATS_SERVER === undefined)(`a coordinator and an agent that is gone${WITHOUT_NATS}`, () => {
  let server: NatsServer;
  let place: NatsPlace;
  beforeAll(async () => {
    server = await NatsServer.start();
    place = await openNats({ urls: [server.url] }, 'test', SILENT_LOG);
  });
  afterAll(async () => {
    await place.close();
    await server.end();
  });

  const link = () => {
    const offer = { agent_id: 'gone', name: 'rack-7', host: 'h', version: '1', clock_source: null };
    return new AgentLink(place, runSubjects(RUN_ID), 0, offer);
  };

  test('it is not waited for while it should make ready', async () => {
    await expect(link().engage(job, 60_000, 500)).rejects.toThrow(
      'agent rack-7 no longer answers; it died while it was preparing, or its network failed',
    );
  });

  test('an order is given up after its time, or when the run is over', async () => {
    await expect(link().order({ kind: 'stop' }, 'done', 300)).rejects.toThrow(
      /agent rack-7 does not answer \(/,
    );
    const closing = link();
    const startedMs = performance.now();
    const order = closing.order({ kind: 'end' }, 'done', 60_000);
    closing.close();
    await expect(order).rejects.toThrow('agent rack-7 does not answer');
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });
});
