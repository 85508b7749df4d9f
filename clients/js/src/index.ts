export { type Backoff, PATIENT, QUICK } from './backoff.js';
export { byEventSource } from './byeventsource.js';
export { type Client, createClient, type EventsOptions, type SubscribeOptions } from './client.js';
export type { AnyEvents, ChannelOf, EventOf, Gap, TidingsEvent } from './event.js';
export type { ClientError } from './failure.js';
export type { ClientOptions, Share, TokenReason } from './options.js';
export type { PageListener, Platform } from './platform.js';
export {
  type ChannelStatus,
  type ConnectionInfo,
  IDLE,
  type Role,
  type Snapshot,
  type Status,
  type StatusStore,
} from './status.js';
export type { Attempt, Message, Transport } from './transport.js';
