import type { Connection } from './connection.ts';

/** Connections that conversations keep between their turns: one each. */
export class KeptConnections {
  readonly conversationOf: (seq: number) => number;
  readonly #byConversation = new Map<number, Connection>();
  readonly #conversations = new Map<Connection, number>();

  /** `conversationOf`: of a sample that is due or in flight, until its end was told. */
  constructor(conversationOf: (seq: number) => number) {
    this.conversationOf = conversationOf;
  }

  /** Keeps a connection for a conversation; false when that has one already, for turns that are sent at the same time. */
  keep(conversation: number, connection: Connection): boolean {
    if (this.#byConversation.has(conversation)) return false;
    this.#byConversation.set(conversation, connection);
    this.#conversations.set(connection, conversation);
    return true;
  }

  /** The connection of a conversation, which is no longer kept. */
  take(conversation: number): Connection | undefined {
    const connection = this.#byConversation.get(conversation);
    if (connection !== undefined) this.drop(connection);
    return connection;
  }

  /** It was closed. */
  drop(connection: Connection): void {
    const conversation = this.#conversations.get(connection);
    if (conversation === undefined) return;
    this.#conversations.delete(connection);
    this.#byConversation.delete(conversation);
  }
}
