import type { AttackRound } from './attack-round.ts';
import { hostileFolderRound } from './hostile-folder.ts';
import { hostileServerRound } from './hostile-servers.ts';
import { hostileViewersRound } from './hostile-viewers.ts';
import { killRound } from './kills.ts';
import { logDamageRound } from './log-damage.ts';
import { hostileBrowserRound } from './web-attacks.ts';

/** Every attack, each a round with all its draws from a seed. */
export const ATTACKS = {
  kills: killRound,
  'log-damage': (seed) => told(seed, logDamageRound(seed)),
  folders: (seed) => told(seed, hostileFolderRound(seed)),
  servers: hostileServerRound,
  viewers: hostileViewersRound,
  browsers: hostileBrowserRound,
} as const satisfies Record<string, AttackRound>;
export type AttackName = keyof typeof ATTACKS;

async function told(seed: number, failures: Promise<readonly string[]>) {
  return { failures: await failures, input: { seed } };
}
