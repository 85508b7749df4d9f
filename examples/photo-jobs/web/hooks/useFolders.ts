import { useQuery } from '@tanstack/react-query';
import { useQuerySync } from '@tidings/react/query';
import { fetchFolders, type Shelf } from '../api';
import type { Events } from '../live';

/** The folders there are. A second user of `pending-changes`, which is on the stream once all the same. */
export function useFolders(): readonly Shelf[] {
  useQuerySync<Events>({ 'pending-changes': ['folders'] });
  return useQuery({ queryKey: ['folders'], queryFn: fetchFolders }).data ?? [];
}
