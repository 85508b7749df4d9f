'use client';

export { type ChannelOptions, type ChannelState, type Listener, type ListenerMap, useChannel } from './channel.js';
export { createHooks, type Hooks } from './hooks.js';
export { type Presence, usePresence } from './presence.js';
export { type ProviderProps, TidingsProvider, useTidings } from './provider.js';
export { useEventState } from './state.js';
export { useConnectionStatus } from './status.js';
