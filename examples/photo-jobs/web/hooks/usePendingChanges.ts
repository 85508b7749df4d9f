import { useQuery } from '@tanstack/react-query';
import { useQuerySync } from '@tidings/react/query';
import { fetchManifest, type Manifest } from '../api';
import type { Events } from '../live';

/**
 * A folder's manifest. The event says only which folder changed, so that one is fetched again: twenty events in a row
 * are one fetch, and one more.
 */
export function usePendingChanges(folder: string): {
  readonly manifest: Manifest | undefined;
  readonly error: Error | null;
  readonly busy: boolean;
} {
  useQuerySync<Events>(
    { 'pending-changes': { manifest_changed: ({ data }) => ['manifest', data.project_folder] } },
    { gap: ['manifest'] },
  );
  const { data, error, isFetching } = useQuery({
    queryKey: ['manifest', folder],
    queryFn: () => fetchManifest(folder),
  });
  return { manifest: data, error, busy: isFetching };
}
