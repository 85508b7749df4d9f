import type { ClientOptions } from '@tidings/client';
import { createHooks } from '@tidings/react';
import { fetchToken, Refused, type Session } from './api';

interface Told<Data> {
  readonly active_group_id: number;
  readonly data: Data;
  readonly timestamp: number;
}

export type Student = Told<{ readonly student_id: number; readonly student_name: string }>;
type Activity = Told<{ readonly room_name: string; readonly activity: string }>;
type Nothing = Told<Record<string, never>>;

/** What comes over the stream: each active group has a channel. */
export interface Events {
  [group: `group:${string}`]: {
    student_checkin: Student;
    student_checkout: Student;
    activity_start: Activity;
    activity_end: Activity;
    supervisors_changed: Nothing;
    board_stale: Nothing;
  };
}

/** Types are no proof: what is no such event is passed over, and harms no page. */
export function isStudent(told: unknown): told is Student {
  const { active_group_id, data, timestamp } = (told ?? {}) as Partial<Student>;
  return (
    typeof active_group_id === 'number' &&
    typeof timestamp === 'number' &&
    typeof data?.student_id === 'number' &&
    typeof data.student_name === 'string'
  );
}

export const channelOf = (group: number) => `group:${group}`;

/** Whichever they are: the hub alone says which of them this user has. */
export const EVERY_GROUP = 'group:*';

export const { TidingsProvider, useTidings, useEventState, useConnectionStatus } = createHooks<Events>();

/** No channel is named here: the stream has those that the user may see now, also as that changes. */
export function streamOptions({ hub_url, attempts_max }: Session, sessionEnded: () => void): ClientOptions<Events> {
  return {
    url: hub_url,
    channels: 'granted',
    // 1, 2, 4, 8, 16 s, each between its half and its whole; then the light is red, and it tries on.
    ...(attempts_max > 0 && { backoff: { attemptsMax: attempts_max } }),
    // Before each attempt, and on `expiring` for the stream that is open: a token with the rights of now.
    token: async ({ signal }) => {
      try {
        return await fetchToken(signal);
      } catch (error) {
        if (error instanceof Refused && error.status === 401) sessionEnded();
        throw error;
      }
    },
  };
}
