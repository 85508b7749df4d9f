// What the hub answers and pushes to its operators: docs/protocol.md, "Operators".

export interface Stats {
  readonly node: string;
  readonly now: number;
  readonly uptime_seconds: number;
  readonly phase: string;
  readonly connections: {
    readonly active: number;
    readonly opened_total: number;
    readonly closed_total: Readonly<Record<string, number>>;
    readonly by_type: Readonly<Record<string, number>>;
    readonly refused_total: Readonly<Record<string, number>>;
  };
  readonly users: number;
  readonly channels: number;
  readonly events: {
    readonly published_total: number;
    readonly delivered_total: number;
    readonly replayed_total: number;
    readonly gaps_total: number;
  };
  readonly truth: { readonly mismatch: number; readonly audits: number; readonly audited_at: number | null };
  readonly drain: { readonly window_ms: number; readonly ends_in_ms: number; readonly remaining: number } | null;
  readonly latency: {
    readonly publish_to_write_p50_ms: number | null;
    readonly publish_to_write_p99_ms: number | null;
  };
  readonly cleanup: {
    readonly stale_connections_cleaned: number;
    readonly shutdown_cleanups: number;
    readonly shutdown_connections_cleaned: number;
    readonly last_shutdown_cleanup_summary: ShutdownSummary | null;
  };
  readonly cluster: {
    readonly nodes: readonly {
      readonly node: string;
      readonly active: number;
      readonly lease_age_ms?: number;
      readonly lease_left_ms?: number;
    }[];
    readonly active: number;
    /** Only where hubs share a log. */
    readonly engine?: 'here' | 'away' | 'not_yet';
  };
}

export interface ShutdownSummary {
  readonly total_cleaned: number;
  readonly iterations: number;
  readonly connections_before: number;
  readonly connections_after: number;
  readonly cleanup_duration_ms: number;
  readonly max_iterations_reached: boolean;
  readonly left_by_themselves?: number;
}

/** What a live and a closed connection have in common. */
export interface AnyConnection {
  readonly id: string;
  readonly client_id: string | null;
  readonly user: string;
  readonly type: string;
  readonly remote: string | null;
  readonly connected_at: number;
  readonly duration_ms: number;
  readonly events_sent: number;
  readonly bytes_sent: number;
}

export interface ConnectionRow extends AnyConnection {
  readonly channels: readonly string[];
  readonly node: string;
  readonly proof: Proof | null;
  readonly last_ping_at: number | null;
  readonly last_write_at: number | null;
  readonly behind: number;
  readonly lease: { readonly seconds: number; readonly expires_at: number } | null;
  /** When the hub told this, on its clock: ages are as of then. Put there by this page. */
  readonly told_at?: number;
}

export interface Proof {
  readonly kind: string;
  readonly age_ms: number;
  readonly to: string;
}

export interface ClosedRow extends AnyConnection {
  readonly reason: string;
  readonly closed_at: number;
}

/** What is left out of a page, in every answer that is one. */
export interface Cut {
  readonly total: number;
  readonly next: string | null;
}

export interface ConnectionsAnswer extends Cut {
  readonly connections: readonly ConnectionRow[];
}

export interface ClosedAnswer extends Cut {
  readonly connections: readonly ClosedRow[];
  readonly by_reason: Readonly<Record<string, number>>;
}

export interface ChannelsAnswer extends Cut {
  readonly channels: readonly ChannelRow[];
}

export interface UsersAnswer extends Cut {
  readonly users: readonly UserRow[];
}

export interface ConnectionsEvent {
  readonly total: number;
  readonly next: string | null;
  readonly order: readonly string[];
  readonly rows: readonly ConnectionRow[];
  readonly full: boolean;
}

export interface ConnectionDetail {
  readonly connection: AnyConnection & Partial<ConnectionRow>;
  readonly closed: { readonly reason: string; readonly closed_at: number } | null;
  readonly timeline: readonly Moment[];
}

export interface Moment {
  readonly at: number;
  readonly what: string;
  readonly [more: string]: unknown;
}

export interface ChannelRow {
  readonly channel: string;
  readonly subscribers: number;
  readonly events: number;
  readonly bytes: number;
  readonly rate: number;
  readonly offset: number;
  readonly trimmed_through: number;
  readonly retention: { readonly count: number; readonly age_ms: number; readonly bytes: number };
}

export interface UserRow {
  readonly user: string;
  readonly connections: number;
  readonly limit: number;
}

export interface Series {
  readonly step_ms: number;
  readonly until: number;
  readonly points: number;
  readonly series: Readonly<Record<SeriesName, readonly number[]>>;
}

export type SeriesName = 'active' | 'opened' | 'closed' | 'refused' | 'published' | 'delivered' | 'gaps' | 'bytes';

export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
}

export interface AuditEntry {
  readonly at: number;
  readonly who: string | null;
  readonly role: string | null;
  readonly from: string;
  readonly action: string;
  readonly target: string | null;
  readonly result: string;
}
