import { useConnectionStatus } from '../hub/client.js';

/** Says which of the connections is this page's own. */
export function OwnTag({ id }: { id: string }) {
  const own = useConnectionStatus((snapshot) => snapshot.connection?.id);
  return own === id ? <span class="tag own">this monitor</span> : null;
}
