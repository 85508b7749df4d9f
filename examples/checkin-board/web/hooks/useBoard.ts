import { useQuery, useQueryClient } from '@tanstack/react-query';
import { setData, useQuerySync } from '@tidings/react/query';
import { useEffect, useRef } from 'react';
import { type Board, fetchBoard, type Group } from '../api';
import { EVERY_GROUP, type Events, isStudent, useConnectionStatus } from '../live';

export const BOARD = ['board'];

interface Told {
  readonly data: unknown;
}

/**
 * The rooms of this user. A student who comes or goes is written into what is there, and nothing is fetched; where the
 * rooms themselves changed, or something was missed (`gap`), all of it is fetched, in one request.
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

/** Fetches anew when the stream's channels are others than before, and what failed while the server was away. */
function useRights(): void {
  const queryClient = useQueryClient();
  const granted = useConnectionStatus(({ status, channels }) =>
    status === 'connected' ? Object.keys(channels).join() : null,
  );
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (granted === null) return;
    const failed = queryClient.getQueryState(BOARD)?.status === 'error';
    if (granted !== before.current || failed) void queryClient.invalidateQueries({ queryKey: BOARD });
    before.current = granted;
  }, [granted, queryClient]);
}

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
