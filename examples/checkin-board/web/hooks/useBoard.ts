import { useQuery, useQueryClient } from '@tanstack/react-query';
import { setData, useQuerySync } from '@tidings/react/query';
import { useEffect, useRef } from 'react';
import { type Board, fetchBoard, type Group } from '../api';
import { channelOf, EVERY_GROUP, type Events, isStudent, useConnectionStatus } from '../live';

export const BOARD = ['board'];

interface Told {
  readonly data: unknown;
}

/**
 * The rooms of this user. A student who comes or goes is written into what is there, and nothing is fetched; where the
 * rooms themselves changed, or something was missed (`gap`), all of it is fetched, in one request. A room whose channel
 * left the stream is shown no more, whether its end was heard or not: what is not written yet when a right goes, goes
 * with it.
 */
export function useBoard() {
  useQuerySync<Events>(
    {
      [EVERY_GROUP]: {
        student_checkin: setData<Board, Told>(BOARD, (board, { data }) => withVisit(board, data, true)),
        student_checkout: setData<Board, Told>(BOARD, (board, { data }) => withVisit(board, data, false)),
        activity_start: BOARD,
        activity_end: BOARD,
        supervisors_changed: BOARD,
        board_stale: BOARD,
      },
    },
    { gap: BOARD },
  );
  useRights();
  return useQuery({ queryKey: BOARD, queryFn: fetchBoard });
}

/**
 * The stream says what this user may see. A room that is taken goes at once, also if the server can't be asked; one that
 * is given is fetched, and so is what failed while the server was away.
 */
function useRights(): void {
  const queryClient = useQueryClient();
  const granted = useConnectionStatus(({ status, channels }) =>
    status === 'connected' ? Object.keys(channels).join() : null,
  );
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (granted === null) return;
    const had = before.current;
    before.current = granted;
    const failed = queryClient.getQueryState(BOARD)?.status === 'error';
    if (granted === had && !failed) return;
    const taken = new Set(had?.split(','));
    for (const channel of granted.split(',')) taken.delete(channel);
    if (taken.size > 0) queryClient.setQueryData<Board>(BOARD, (board) => board && without(board, taken));
    // Anew, also where a fetch is under way: that may have read what was before.
    void queryClient.invalidateQueries({ queryKey: BOARD });
  }, [granted, queryClient]);
}

const without = (board: Board, channels: ReadonlySet<string>): Board => ({
  ...board,
  groups: board.groups.filter(({ active_group_id }) => !channels.has(channelOf(active_group_id))),
});

function withVisit(board: Board | undefined, told: unknown, comes: boolean): Board | undefined {
  if (!board || !isStudent(told)) return board;
  const { active_group_id, data, timestamp } = told;
  // An event from before what was fetched, as a stream that was cut brings it later.
  if (timestamp <= board.as_of) return board;
  const change = (group: Group): Group => {
    const others = group.visits.filter(({ student_id }) => student_id !== data.student_id);
    return { ...group, visits: comes ? [{ ...data, since: timestamp }, ...others] : others };
  };
  const groups = board.groups.map((group) => (group.active_group_id === active_group_id ? change(group) : group));
  return { ...board, groups };
}
