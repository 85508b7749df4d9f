import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useConnectionStatus } from '../live';
import { BOARD } from './useBoard';

/** Does something on the server. What came of it, the stream tells; where there is none, the board is fetched. */
export function useAction<Input = void>(action: (input: Input) => Promise<void>) {
  const queryClient = useQueryClient();
  const isLive = useConnectionStatus(({ status }) => status === 'connected');
  return useMutation({
    mutationFn: action,
    onSuccess: () => {
      if (!isLive) void queryClient.invalidateQueries({ queryKey: BOARD });
    },
  });
}
