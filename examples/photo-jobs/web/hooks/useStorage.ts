import { useQuery } from '@tanstack/react-query';
import { setData, useQuerySync } from '@tidings/react/query';
import { fetchStorage, type Storage } from '../api';
import type { Events } from '../live';

/** How much is stored. Its channel is on the stream only while somebody looks. */
export function useStorage(): Storage | undefined {
  useQuerySync<Events>({
    storage: setData<Storage, { readonly data: Storage }>(['storage'], (known, { data }) =>
      known && known.timestamp >= data.timestamp ? known : data,
    ),
  });
  return useQuery({ queryKey: ['storage'], queryFn: fetchStorage }).data;
}
