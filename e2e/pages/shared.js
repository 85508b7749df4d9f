// The same page, its stream shared with its other tabs. `watchdog`: milliseconds.

import { shareTabs } from '@tidings/client/share';
import { page as own } from './client.js';

export function page(query) {
  own(query, { share: shareTabs({ key: 'kim', watchdogMs: Number(query.get('watchdog') ?? 5_000) }) });
}
