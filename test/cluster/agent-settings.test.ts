import { expect, test } from 'vitest';
import { configForAgents, withoutOwnSettings } from '../../src/app/cluster/coordinator.ts';
import { runConfigSchema } from '../../src/config/schema.ts';

test('agents hear of no key, and of no command or URL that only the coordinator uses', () => {
  const config = runConfigSchema.parse({
    endpoints: ['http://127.0.0.1:1'],
    model: 'm',
    power: ['command:ipmi-read --pass hunter22'],
    server_metrics: ['http://127.0.0.1:2/metrics'],
    client: { api_key: 'sk-abcdefghijklmnop' },
  });
  const sent = configForAgents(config);
  expect(sent).not.toHaveProperty('power');
  expect(sent).not.toHaveProperty('server_metrics');
  expect(JSON.stringify(sent)).not.toContain('sk-');
  expect(withoutOwnSettings({ power: 'x', server_metrics: 'y', model: 'm' })).toEqual({ model: 'm' });
});
