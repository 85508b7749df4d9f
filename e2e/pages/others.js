// Clients that are not ours, or are no more than an `EventSource`, for pages that compare them.

export { fetchEventSource } from '@microsoft/fetch-event-source';
export { EventSource as Facade } from '@tidings/client/eventsource';
