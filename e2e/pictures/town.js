// A small town of clients: screens that stay, people who come and go, jobs and check-ins that are published.

import { crowd } from '../harness/monitor.js';

const PLACES = ['entrance', 'library', 'canteen', 'gym', 'aula', 'workshop', 'office', 'garden'];
const PEOPLE = ['marta', 'jonas', 'fatima', 'li.wei', 'ada', 'emil', 'sofia', 'noor', 'pavel', 'ines'];
const STUDENTS = ['Ben A.', 'Carla M.', 'Deniz K.', 'Emma L.', 'Farid S.'];

export class Town {
  #hub;
  #crowd;
  #visits = 0;
  #jobs = 0;
  #screens = false;
  /** Those who are there now, the first come first. */
  #guests = [];
  #from = performance.now();

  constructor(hub) {
    this.#hub = hub;
    this.#crowd = crowd(hub);
  }

  /** Goes on for so long. */
  async live(ms) {
    if (!this.#screens) await this.#putUpScreens();
    const until = performance.now() + ms;
    for (let turn = 0; performance.now() < until; turn += 1) {
      // A socket that was kept for the next request may just have been let go by the hub: the next turn has another.
      await this.#turn(turn).catch((problem) => console.error(String(problem.cause ?? problem)));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async #turn(turn) {
    await this.#come();
    await this.#publish(turn);
  }

  async end() {
    await this.#crowd.leave();
  }

  async #putUpScreens() {
    this.#screens = true;
    for (const place of PLACES) {
      await this.#crowd.come(`type=display&user=kiosk-${place}&channels=show:${place},alerts&client_id=screen-${place}`);
    }
    for (const room of [101, 102, 204]) {
      await this.#crowd.come(`type=board&user=supervisor-${room}&channels=group:${room}&client_id=board-${room}`);
    }
  }

  /** As many as the hour has: it swells and ebbs. */
  async #come() {
    const minutes = (performance.now() - this.#from) / 60_000;
    const wanted = Math.round(16 + 9 * Math.sin(minutes / 1.4) + 5 * Math.sin(minutes * 2.3));
    while (this.#guests.length < wanted) {
      const user = PEOPLE[(this.#visits * 7) % PEOPLE.length];
      const name = `visit-${this.#visits}`;
      this.#visits += 1;
      await this.#crowd.come(`type=client&user=${user}&channels=jobs,pending-changes&client_id=${name}`, name);
      this.#guests.push(name);
    }
    const kick = this.#visits % 23 === 0;
    while (this.#guests.length > wanted) await this.#go(this.#guests.shift(), kick);
    // One goes, another comes.
    if (Math.random() < 0.15) await this.#go(this.#guests.shift(), false);
  }

  async #go(name, kick) {
    const { id } = (await this.#hub.connections()).find(({ client_id: client }) => client === name) ?? {};
    if (kick && id) {
      const body = JSON.stringify({ reason: 'the room is closed' });
      await fetch(`${this.#hub.url}/api/sse/connections/${id}`, { method: 'DELETE', body });
    }
    await this.#crowd.leave(name);
  }

  async #publish(turn) {
    const place = PLACES[turn % PLACES.length];
    if (turn % 3 === 0) {
      this.#jobs += 1;
      const id = 4_200 + this.#jobs;
      await this.#hub.publish({ channel: 'jobs', type: 'job_started', data: { id, task_type: 'thumbnail', status: 'started' } });
      await this.#hub.publish({ channel: 'jobs', type: 'job_completed', data: { id, task_type: 'thumbnail', status: 'completed' } });
    }
    if (turn % 5 === 0) await this.#hub.publish({ channel: `show:${place}`, type: 'slide', data: { show: place, slide: turn % 12 } });
    if (turn % 9 === 0) await this.#hub.publish({ channel: 'pending-changes', type: 'manifest_changed', data: { project_folder: 'summer/2026' } });
    if (turn % 7 === 0) {
      const name = STUDENTS[turn % STUDENTS.length];
      await this.#hub.publish({ channel: 'group:204', type: 'student_checkin', data: { student_id: 400 + (turn % 60), student_name: name } });
    }
  }
}
