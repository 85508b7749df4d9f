import { type ClientOptions, PATIENT } from '@tidings/client';
import { shareTabs } from '@tidings/client/share';
import { createHooks } from '@tidings/react';
import type { HubStats, Job, Storage } from './api';

/** What comes over the stream: by channel, by type. */
export interface Events {
  jobs: { job_started: Job; job_progress: Job; job_completed: Job };
  'pending-changes': { manifest_changed: { project_folder: string; timestamp: number } };
  storage: { storage_changed: Storage };
  /** The hub's own. */
  '$hub/stats': { stats: HubStats };
}

export const { TidingsProvider, useTidings, useEventState, useConnectionStatus } = createHooks<Events>();

/** No channels are named here: each hook brings its own, and takes it away when nobody uses it any more. */
export function streamOptions(sharing: boolean): ClientOptions<Events> {
  return {
    url: '',
    type: 'photo-page',
    // 5 s doubling to 60 s: photos may be late by a minute, and a server that starts is not stormed.
    backoff: PATIENT,
    // The key stands for the user: this server knows but one.
    ...(sharing && { share: shareTabs({ key: 'photographer' }) }),
  };
}
