import { FIRST_IDLE_RULES, TURN_FAILURE_RULES } from '../../core/conversation-rules.ts';
import { HEADER_NAME, HEADER_NAME_ALLOWED, HISTORIES, STICKY, STICKY_ALLOWED } from '../choices.ts';
import { defaulted, optional, optionalGroup } from './setting.ts';
import { choice, DURATIONS, listOf, MAX_WAIT_MS, ON_OFF, textLike, timeMs } from './value-types.ts';

const STICKY_TEXT = textLike(STICKY, STICKY_ALLOWED);

export const CONVERSATIONS = optionalGroup({
  multi_turn: defaulted(ON_OFF, false, {
    flag: '--multi-turn',
    argument: '',
    group: 'requests',
    help: 'send every turn of each conversation of the dataset (or of --synthetic with turns=…), each after the response to the one before; --concurrency and --rate then count conversations (docs/conversations.md)',
  }),
  history: defaulted(choice(HISTORIES), 'auto', {
    flag: '--history',
    argument: '<source>',
    group: 'requests',
    help: "responses that later turns repeat: live (this server's), recorded (those in the file) or auto",
    defaultNote: ': as the format has it',
  }),
  reasoning: defaulted(choice(['drop', 'keep']), 'drop', {
    flag: '--history-reasoning',
    argument: '<mode>',
    group: 'requests',
    help: 'drop or keep the reasoning of responses that later turns repeat',
  }),
  think_time: optional(DURATIONS, {
    flag: '--think-time',
    argument: '<time>',
    group: 'load',
    help: 'pause before each later turn where the dataset has none: 2s, or a distribution such as lognormal:8s,0.6 or exponential:5s',
    defaultNote: ' none',
  }),
  ignore_delays: defaulted(ON_OFF, false, {
    flag: '--ignore-delays',
    argument: '',
    group: 'load',
    help: 'ignore the delays between turns in the dataset',
  }),
  delay_cap_ms: optional(timeMs(MAX_WAIT_MS), {
    flag: '--delay-cap',
    argument: '<time>',
    group: 'load',
    help: 'shorten delays in the dataset to at most this',
  }),
  on_turn_failure: defaulted(choice(TURN_FAILURE_RULES), 'end', {
    flag: '--on-turn-failure',
    argument: '<what>',
    group: 'load',
    help: 'after a failed turn: end the conversation, continue with the next turn, or fail the turns after it without sending them',
  }),
  on_first_idle: defaulted(choice(FIRST_IDLE_RULES), 'continue', {
    flag: '--on-first-idle',
    argument: '<what>',
    group: 'load',
    help: 'what to do when fewer conversations are left than --concurrency: continue, stop-measuring (later turns are sent but not measured) or stop-issuing (no more turns are sent)',
  }),
  warm_trajectories: defaulted(ON_OFF, false, {
    flag: '--warm-trajectories',
    argument: '',
    group: 'load',
    help: 'start the first --concurrency conversations partway through, each at a random turn, so that the load is steady from the start; needs recorded histories',
  }),
  session_token: optional(textLike(HEADER_NAME, HEADER_NAME_ALLOWED), {
    flag: '--session-token',
    argument: '<header>',
    group: 'requests',
    help: 'send the value of this response header back with the later requests of its conversation, e.g. X-Session-Token',
  }),
  sticky: optional(
    {
      ...listOf(STICKY_TEXT, 'a list'),
      parse: (given) => (STICKY.test(given) ? { value: given } : { allowed: STICKY_ALLOWED }),
    },
    {
      flag: '--sticky',
      argument: '<how>',
      group: 'requests',
      help: 'keep a conversation on one server: header:NAME sends its id in that header, for a router, e.g. header:X-Session-ID; connection sends all of its turns on one connection; may be given twice',
      repeatable: true,
    },
  ),
});
