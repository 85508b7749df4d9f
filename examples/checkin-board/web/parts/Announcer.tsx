import type { Group } from '../api';
import { EVERY_GROUP, isStudent, useEventState } from '../live';

const KEPT_MAX = 20;

/** For those who hear the page: who came, and who went. A list, since events that come in one go are rendered in one. */
export function Announcer({ groups }: { groups: readonly Group[] }) {
  const room = (id: number) => groups.find(({ active_group_id }) => active_group_id === id)?.room_name ?? 'the room';
  const [said] = useEventState(
    EVERY_GROUP,
    (said: readonly string[], { type, data }) => {
      const words = { student_checkin: 'has come to', student_checkout: 'has left' }[type as string];
      if (!words || !isStudent(data)) return said;
      return [...said, `${data.data.student_name} ${words} ${room(data.active_group_id)}`].slice(-KEPT_MAX);
    },
    [],
  );
  return (
    <div className="heard" role="log">
      {said.map((words, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one may come twice
        <p key={at}>{words}</p>
      ))}
    </div>
  );
}
