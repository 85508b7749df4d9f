import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useConnectionStatus } from '../live';

/**
 * Reads again what could not be read while the server was away. The stream misses nothing over a restart, so no gap is
 * told; but an event that came just before may have asked for a fetch that failed.
 */
export function useRecovery(): void {
  const queryClient = useQueryClient();
  const connected = useConnectionStatus(({ status }) => status === 'connected');
  useEffect(() => {
    if (!connected) return;
    const failed = ({ state }: { state: { status: string; isInvalidated: boolean } }) =>
      state.status === 'error' || state.isInvalidated;
    void queryClient.invalidateQueries({ predicate: failed }, { cancelRefetch: false });
  }, [queryClient, connected]);
}
