import { createHooks } from '@tidings/react';

export interface Events {
  jobs: {
    job_started: { id: number };
    job_completed: { id: number; status: string };
  };
  'pending-changes': { manifest_changed: { project_folder: string; timestamp: string } };
  [room: `room:${string}`]: { door: { open: boolean } };
}

export const { TidingsProvider, useTidings, useEventState, useChannel, useConnectionStatus, usePresence } =
  createHooks<Events>();
