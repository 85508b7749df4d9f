/**
 * What the application knows of its channels: for each channel its events' types, for each type its data.
 *
 * ```ts
 * interface Events {
 *   jobs: { job_started: { id: number }; job_completed: { id: number; status: string } };
 *   [room: `room:${string}`]: { door: { open: boolean } };
 * }
 * ```
 *
 * An event that was published without a type has the type `message`. The data is believed, not checked.
 */
// biome-ignore lint/suspicious/noExplicitAny: data of channels that were not described can be anything
export type AnyEvents = Record<string, Record<string, any>>;

/** The names of channels, and patterns, that `E` describes. */
export type ChannelOf<E> = keyof E & string;

/** One event, as it was published. */
export interface TidingsEvent<Type extends string = string, Data = unknown> {
  readonly channel: string;
  /** The publisher's type; `message` where it gave none. */
  readonly type: Type;
  /** The publisher's id, or the hub's. */
  readonly id: string;
  /** The event's place in the hub's one sequence: it grows along a channel, with holes. */
  readonly offset: number;
  /** When it was published, in milliseconds since 1970, by the hub's clock. */
  readonly time: number;
  readonly data: Data;
}

/** Any event of the channel `C`, told apart by `type`. */
export type EventOf<E, C extends ChannelOf<E>> = {
  [T in keyof E[C] & string]: TidingsEvent<T, E[C][T]>;
}[keyof E[C] & string];

/** Events of this channel are lost to this client: fetch its state anew. */
export interface Gap {
  /** The channel; or a pattern, which then stands for all that it matches. */
  readonly channel: string;
  /**
   * `epoch`, `trimmed` and `slow` are the hub's. `overflow` is this client's: an iterator's buffer was full.
   * Others may be added.
   */
  readonly reason: 'epoch' | 'trimmed' | 'slow' | 'overflow' | (string & {});
}
