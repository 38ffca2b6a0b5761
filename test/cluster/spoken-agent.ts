import { publishPart } from '../../src/app/cluster/frame-messages.ts';
import type { NatsPlace } from '../../src/app/cluster/nats-place.ts';
import { jsonFrame } from '../../src/app/run-folder/run-header.ts';
import {
  type AgentState,
  decodeMessage,
  encodeMessage,
  type Order,
  orderSchema,
  type Reply,
} from '../../src/cluster/messages.ts';
import type { RunSubjects } from '../../src/cluster/subjects.ts';
import type { AgentNews } from '../../src/core/agent-news.ts';
import { FrameKind, sealFrame } from '../../src/transport/frame.ts';

type NewsBody = AgentNews extends infer One
  ? One extends AgentNews
    ? Omit<One, 'agent' | 'at_ns'>
    : never
  : never;

const STATE: AgentState = {
  counts: { issued: 0, completed: 0, succeeded: 0, errored: 0, inFlight: 0, waiting: 0, lastReadMs: 0 },
  ...{ frames: 0, shipped: 0, stream: 'ok' },
};

/** What an agent says over NATS, said by a test: an agent that can be late, silent or wrong at will. */
export class SpokenAgent {
  readonly orders: Order[] = [];
  readonly #place: NatsPlace;
  readonly #subjects: RunSubjects;
  readonly #index: number;
  readonly #speaking: NodeJS.Timeout;
  #seq = 1;
  /** It says and answers nothing while it is away. */
  isAway = false;
  state: AgentState = STATE;
  answer: (order: Order) => Reply = () => ({ kind: 'done' });

  constructor(place: NatsPlace, subjects: RunSubjects, index: number) {
    this.#place = place;
    this.#subjects = subjects;
    this.#index = index;
    place.connection.subscribe(subjects.orders(index), {
      callback: (error, message) => {
        if (error !== null || this.isAway) return;
        const order = decodeMessage(orderSchema, message.data, 'an order');
        this.orders.push(order);
        message.respond(encodeMessage(this.answer(order)));
      },
    });
    this.#speaking = setInterval(() => this.say(), 100);
  }

  kinds(): readonly string[] {
    return this.orders.map(({ kind }) => kind);
  }

  say(): void {
    if (!this.isAway)
      this.#place.connection.publish(this.#subjects.state(this.#index), encodeMessage(this.state));
  }

  /** Into the stream, behind what it told before. */
  async tell(news: NewsBody): Promise<void> {
    const frame = jsonFrame({ agent: this.#index, at_ns: 0, ...news });
    await this.publish(FrameKind.agent, frame);
  }

  async publish(kind: FrameKind, frame: Uint8Array): Promise<void> {
    const { bytes } = sealFrame(frame, kind, this.#seq);
    const subject = this.#subjects.frames(this.#index);
    await publishPart(this.#place.js, subject, `agent-${this.#index}`, {
      ...{ seq: this.#seq++, part: 0, parts: 1 },
      bytes,
    });
  }

  close(): void {
    clearInterval(this.#speaking);
  }
}
