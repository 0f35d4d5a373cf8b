import type { Code, DurationMs, EpochMs } from '@hallhub/sync/base';
import type { Label } from '../config/index.ts';

/**
 * What the pages of a hall's queue and the hub say to each other, below `/api/queue`. Instants are UTC, durations milliseconds.
 * What changes is told on the stream at `/api/queue/events?topic=…` (`topic` again for each further one; for everybody, and each
 * topic for those who may read its view): an event is named after its topic and holds a {@link TopicMessage}. The first message is
 * the whole view with the number at which the topic then stands, each further message the whole view again, one number higher. Topics
 * of a kiosk come on the kiosk's own stream and hold the view itself.
 *
 * For everybody, without an account. A phone is let in by `door`, the code of the poster at the hall's door or of its board:
 *
 * | method | path | body | answer |
 * | --- | --- | --- | --- |
 * | GET | `/halls/{hall}/board` | | {@link BoardView}; changes as `queue/{hall}/board` |
 * | GET | `/halls/{hall}/sounds/{id}` | | a WAV file: what a board plays, {@link AnnouncementView}`.audio`; for some minutes |
 * | GET | `/halls/{hall}/services` | | {@link ServiceView}`[]` |
 * | GET | `/halls/{hall}/classes` | | {@link ClassView}`[]`: those that one may declare oneself |
 * | POST | `/halls/{hall}/tickets` | `{service, door, appointment?, class?}` | {@link OwnTicketView}; `appointment` is the code of the hall's booking, not its id |
 * | GET | `/tickets/{key}` | | {@link OwnTicketView}; changes as `queue/ticket/{key}` |
 * | POST | `/tickets/{key}/cancel` | | {@link OwnTicketView} |
 *
 * For a kiosk in the mode `ticket`, below `/api/kiosks/{kiosk}`, as what else a kiosk asks (`hub/kiosks/contract.ts`):
 *
 * | method | path | body | answer |
 * | --- | --- | --- | --- |
 * | GET | `/queue` | | {@link TicketMachineView}; changes as `kiosk/{kiosk}/queue` |
 * | GET | `/queue/mine` | | {@link MineView} of whoever has identified |
 * | POST | `/queue/tickets` | `{service, appointment?, request?, class?}` | {@link TakenView} |
 * | POST | `/queue/tickets/{ticket}/print` | | {@link TakenView}; what was taken here in the last ten minutes |
 *
 * For staff. A counter is worked by one session at a time; every order at it names the session's lease in the header
 * `x-counter-lease`, and an order with a lease that ended is refused (`E-QUEUE-0203`). An order that is sent again under its
 * `Idempotency-Key` has been given once, and answers the same:
 *
 * | method | path | body | answer |
 * | --- | --- | --- | --- |
 * | GET | `/halls` | | {@link HallView}`[]` |
 * | POST | `/counters/{counter}/open` | `{takeOver, services?}` | {@link LeaseView}; `E-QUEUE-0202` where another session has it and `takeOver` is false; `services`: who sits there does only these |
 * | GET | `/counters/{counter}` | | {@link CounterView}; changes as `queue/counter/{counter}` |
 * | POST | `/counters/{counter}/next` | | {@link CounterView} |
 * | POST | `/counters/{counter}/call` | `{ticket, reason}` | {@link CounterView}; out of order |
 * | POST | `/counters/{counter}/recall`, `/begin`, `/no-show`, `/hold` | | {@link CounterView} |
 * | POST | `/counters/{counter}/resume` | `{ticket}` | {@link CounterView}; of what is held here or parked here or in the pool |
 * | POST | `/counters/{counter}/park` | `{to: 'pool' \| {counter}, note?}` | {@link CounterView} |
 * | POST | `/counters/{counter}/transfer` | `{service \| counter, place}` | {@link CounterView} |
 * | POST | `/counters/{counter}/service` | `{service, quantity}` | {@link CounterView}; one more service in the same visit |
 * | POST | `/counters/{counter}/finish` | `{outcome, note?}` | {@link CounterView} |
 * | POST | `/counters/{counter}/class` | `{ticket, class}` | {@link CounterView}; whoever has a claim to be served sooner, or has none (`ordinary`) |
 * | POST | `/counters/{counter}/break`, `/back` | `{reason?}` | {@link CounterView} |
 * | POST | `/counters/{counter}/close` | `{reason?, left?}` | {@link CounterView}; `left`, {@link LeftTickets}, is `pool` if it is not said |
 * | GET | `/halls/{hall}/waiting` | | {@link WaitingView}; changes as `queue/{hall}/waiting` |
 * | GET | `/halls/{hall}/live` | | {@link LiveView}; changes as `queue/{hall}/live` |
 * | GET | `/halls/{hall}/notice` | | {@link NoticeView} or nothing: what boards show beside the numbers |
 * | POST | `/halls/{hall}/notice` | {@link NoticeView} or `{}` | the same; `{}`: nothing more is shown |
 * | POST | `/halls/{hall}/tickets/behalf` | `{service, class?, note?}` | {@link TakenView} |
 * | POST | `/halls/{hall}/tickets/{ticket}/print` | | {@link TakenView}; on the paper of the first kiosk of the hall that has some |
 * | GET | `/statistics?hall&from&to&by` | | {@link StatisticsView}; `/statistics.csv` and `/statistics.xlsx` are the same as files |
 */
export interface TopicMessage<View> {
  readonly sequence: number;
  readonly view: View;
}

export interface BoardView {
  readonly hall: string;
  readonly label: Label;
  /** Local day of the campus, YYYY-MM-DD: numbers belong to it. */
  readonly day: string;
  /** The newest first. */
  readonly calls: readonly CallView[];
  readonly counters: readonly {
    readonly id: string;
    readonly label: Label;
    readonly state: CounterState;
    readonly number?: string;
  }[];
  readonly waiting: readonly {
    readonly service: string;
    readonly label: Label;
    readonly people: number;
    readonly expected?: WaitRange;
  }[];
  readonly notice?: Label;
  /** What a phone opens to take a ticket: changes every few minutes. */
  readonly door?: { readonly url: string; readonly until: EpochMs };
  /** What is being said, or was last; a board with a speaker plays it. */
  readonly announcement?: AnnouncementView;
}

export interface CallView {
  readonly number: string;
  readonly counter: string;
  readonly counterLabel: Label;
  readonly at: EpochMs;
  /** How often it has been called. */
  readonly times: number;
}

export interface AnnouncementView {
  readonly id: string;
  readonly text: Label;
  /** Where its WAV file is, joined from the voice pack or spoken; absent where the hall has its own speaker, or nothing can say it. */
  readonly audio?: string;
  readonly lasts: DurationMs;
}

export type CounterState = 'closed' | 'free' | 'calling' | 'serving' | 'break';

/** From when to when somebody can expect to be called, counted from now. */
export interface WaitRange {
  readonly from: DurationMs;
  readonly to: DurationMs;
}

/** A node of the tree of services. Only leaves have tickets. */
export interface ServiceView {
  readonly id: string;
  readonly parent?: string;
  readonly label: Label;
  readonly prefix?: string;
  /** On the first page of the machine. */
  readonly quick: boolean;
  /** What to bring. */
  readonly documents: readonly Label[];
  readonly people: number;
  readonly expected?: WaitRange;
  /** Why no ticket is given now: `E-QUEUE-01…`, such as closed, a holiday, the day's tickets are gone. */
  readonly refusal?: { readonly code: Code; readonly opensAt?: EpochMs };
}

export type TicketState =
  'waiting' | 'called' | 'serving' | 'held' | 'parked' | 'finished' | 'no-show' | 'cancelled' | 'expired';
/** How tickets came about. */
export type TicketSource = 'machine' | 'buttons' | 'phone' | 'staff' | 'appointment';

/** As whoever holds it sees it. */
export interface OwnTicketView {
  /** What is in its QR code: nobody guesses it. */
  readonly key: string;
  readonly number: string;
  readonly hall: string;
  readonly hallLabel: Label;
  readonly service: string;
  readonly serviceLabel: Label;
  readonly state: TicketState;
  readonly takenAt: EpochMs;
  readonly ahead: number;
  readonly expected?: WaitRange;
  readonly counter?: Label;
  readonly documents: readonly Label[];
  /** What a phone opens to follow it, and what a QR code of it holds; absent where no phone reaches the hub. */
  readonly url?: string;
}

/** A class of visitors that the hall gives a priority. */
export interface ClassView {
  readonly id: string;
  readonly label: Label;
}

export interface TicketMachineView {
  readonly hall: string;
  readonly label: Label;
  readonly services: readonly ServiceView[];
  /** Those that one may declare oneself. */
  readonly classes: readonly ClassView[];
  /** Whether paper comes out now; without it number and QR code are shown on the screen. */
  readonly paper: 'ok' | 'low' | 'out' | 'none';
}

export interface MineView {
  readonly tickets: readonly OwnTicketView[];
  readonly appointments: readonly {
    readonly id: string;
    readonly service: string;
    readonly label: Label;
    readonly from: EpochMs;
    readonly to: EpochMs;
    /** `late`: a ticket is given, and waits as one that was taken now. */
    readonly checkIn: 'early' | 'open' | 'late' | 'over';
  }[];
  /** Approved requests for which there is a service here. */
  readonly requests: readonly { readonly id: string; readonly label: Label; readonly service: string }[];
}

export interface TakenView {
  readonly ticket: OwnTicketView & { readonly id: string };
  /** `screen`: no paper; the page shows number and QR code until it is told that they were noted. */
  readonly paper: 'printed' | 'printing' | 'screen';
  readonly code?: Code;
}

export interface HallView {
  readonly id: string;
  readonly label: Label;
  readonly counters: readonly {
    readonly id: string;
    readonly label: Label;
    readonly state: CounterState;
    /** Who works there, by the account's name. */
    readonly by?: string;
    /** What is done there now: less than `offers` where whoever sits there does less. */
    readonly services: readonly string[];
    /** All that can be done there. */
    readonly offers: readonly string[];
  }[];
  readonly services: readonly ServiceView[];
  /** Those of the hall's own: everybody else has none. */
  readonly classes: readonly ClassView[];
}

export interface LeaseView {
  readonly lease: string;
  readonly view: CounterView;
}

export interface CounterView {
  readonly id: string;
  readonly label: Label;
  readonly hall: string;
  readonly state: CounterState;
  /** Which session this is: it grows each time that somebody opens the counter or takes it over. */
  readonly session: number;
  readonly by?: string;
  /** Called or being served here. */
  readonly ticket?: StaffTicketView;
  readonly held: readonly StaffTicketView[];
  readonly parked: readonly StaffTicketView[];
  readonly pool: readonly StaffTicketView[];
  /** Called and did not come, the newest first; may be called again, with a reason, while few others have been. */
  readonly missed: readonly StaffTicketView[];
  /** Whom `next` would call. */
  readonly next?: StaffTicketView;
  readonly waiting: number;
  /** Sent to this counter, and waiting for it alone. */
  readonly sent: readonly StaffTicketView[];
  /** Since this morning. */
  readonly served: number;
  readonly devices: readonly { readonly id: string; readonly label: Label; readonly ready: boolean }[];
}

/** As staff see it: a name is masked. */
export interface StaffTicketView {
  readonly id: string;
  readonly number: string;
  readonly service: string;
  readonly serviceLabel: Label;
  readonly class: string;
  /** Where the class is one of the hall's own; absent for everybody without a claim. */
  readonly classLabel?: Label;
  readonly state: TicketState;
  readonly source: TicketSource;
  readonly takenAt: EpochMs;
  /** Since when it is in this state. */
  readonly since: EpochMs;
  readonly calls: number;
  readonly person?: string;
  readonly note?: string;
  readonly services: readonly { readonly service: string; readonly quantity: number }[];
  readonly appointment?: { readonly from: EpochMs; readonly to: EpochMs };
}

export interface WaitingView {
  readonly hall: string;
  /** In the order in which a counter that serves everything would call them. */
  readonly tickets: readonly StaffTicketView[];
}

/** Of a counter that closes: its tickets go to the pool and back into their lines, or wait there until somebody opens it. */
export type LeftTickets = 'pool' | 'keep';
/** What staff let boards show. */
export interface NoticeView {
  readonly text: Label;
  /** Absent: until the end of the day. */
  readonly until?: EpochMs;
}

/** How a hall stands at this moment. */
export interface LiveView {
  readonly hall: string;
  readonly services: readonly {
    readonly id: string;
    readonly label: Label;
    readonly waiting: number;
    /** Of those in line now, the one who has waited longest. */
    readonly longest: DurationMs;
    readonly limit?: DurationMs;
    /** How many in line have waited longer than the limit. */
    readonly beyond: number;
    /** What it takes now: as expected waits are computed. */
    readonly lasts: DurationMs;
  }[];
  readonly counters: readonly {
    readonly id: string;
    readonly label: Label;
    readonly state: CounterState;
    /** Visits, or parts of visits, of today; and what one took. */
    readonly servings: number;
    readonly lasts: DurationMs;
  }[];
}

export type TransferPlace = 'front' | 'sorted' | 'end';
export type VisitOutcome = 'served' | 'incomplete' | 'referred';
export type StatisticsBy = 'service' | 'counter' | 'person' | 'hour';

export interface StatisticsView {
  readonly hall: string;
  readonly from: string;
  readonly to: string;
  readonly by: StatisticsBy;
  readonly rows: readonly StatisticsRow[];
}

export interface StatisticsRow {
  readonly key: string;
  readonly label: Label;
  readonly taken: number;
  /** Called at least once. */
  readonly called: number;
  readonly served: number;
  /** Came, and went without what they came for: something was missing, or it is done elsewhere. */
  readonly incomplete: number;
  readonly referred: number;
  readonly noShow: number;
  /** Gave the number back, or were in line when the day ended. */
  readonly abandoned: number;
  /** Had been called when the day ended, and nobody said what became of them. */
  readonly unfinished: number;
  readonly waitMean: DurationMs;
  readonly waitP50: DurationMs;
  readonly waitP90: DurationMs;
  readonly serviceMean: DurationMs;
  /** Longest that somebody should wait; of a service that has a limit. */
  readonly limit?: DurationMs;
  /** Share of those called within the service's limit, 0 to 1; absent where it has none. */
  readonly withinLimit?: number;
  /** The waits that were promised with the numbers, of those who were called: share inside the range, median distance from its middle. */
  readonly promise?: { readonly count: number; readonly held: number; readonly error: DurationMs };
  /** 1 to 5. */
  readonly rating?: { readonly mean: number; readonly count: number };
}
