import { type ClientOptions, PATIENT } from '@tidings/client';
import { createHooks } from '@tidings/react';
import type { Job, Storage } from './api';

/** What comes over the stream: by channel, by type. */
export interface Events {
  jobs: { job_started: Job; job_progress: Job; job_completed: Job };
  'pending-changes': { manifest_changed: { project_folder: string; timestamp: number } };
  storage: { storage_changed: Storage };
}

export const { TidingsProvider, useTidings, useEventState, useConnectionStatus } = createHooks<Events>();

/** No channels are named here: each hook brings its own, and takes it away when nobody uses it any more. */
export function streamOptions(): ClientOptions<Events> {
  return {
    url: '',
    type: 'photo-page',
    // 5 s doubling to 60 s: photos may be late by a minute, and a server that starts is not stormed.
    backoff: PATIENT,
  };
}
