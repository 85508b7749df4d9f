// Clients of a page that are not ours, and the one of ours that passes as one. Each collects what it read, in one shape.

import { fetchEventSource } from '@microsoft/fetch-event-source';
import { EventSource as Facade } from '@tidings/client/eventsource';
import { record } from '../matrix/record.js';

export const open = {
  native: (url) => record(new EventSource(url)),
  facade: (url) => record(new Facade(url)),
  fetchEventSource: (url) => {
    const read = { events: [], connected: 0, refused: [], closed: false, errors: 0 };
    const leave = new AbortController();
    fetchEventSource(url, {
      signal: leave.signal,
      openWhenHidden: true,
      onmessage({ id, event, data }) {
        if (event === 'connected') read.connected += 1;
        else if (event === 'refused') read.refused.push(JSON.parse(data).status);
        else if (data !== '' && event !== 'closing') read.events.push([id, event || 'message', data]);
      },
      // By itself it takes the end of a stream for the end of all.
      onclose() {
        read.errors += 1;
        throw new Error('again');
      },
    }).catch(() => {});
    return { read, close: () => leave.abort() };
  },
};
