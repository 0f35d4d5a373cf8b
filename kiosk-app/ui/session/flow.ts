import type { IdentifyWay, KioskView } from '@hallhub/hub/kiosks/contract';

/*
 * What a kiosk shows and when it forgets, as a pure machine: state × event → state and what must be done about it. The
 * screens are drawn from it; what a mode shows inside its own screens is that mode's machine.
 */

/** Epoch milliseconds of the page's own clock. */
type Now = number;

/** How long nobody may do anything before it is asked whether they are still there (EN 301 549, WCAG 2.2.1). */
export const IDLE_MS = 45_000;
/** How long the question stands. WCAG 2.2.1: at least 20 s, and extended at least ten times; here as often as they like. */
export const QUESTION_MS = 20_000;
/** How long "take your paper and card" stays for nobody in particular. */
export const FAREWELL_MS = 10_000;
/** A person in the view is kept known to the server so often while they are busy, or while paper moves. */
export const TOUCH_MS = 5_000;
/** How long after the last sign of a job the screen still counts as printing. */
export const HOLD_MS = 300_000;

export type Link = 'starting' | 'locked' | 'up' | 'lost';

/** A tile, as far as the flow must know it. */
export interface Mode {
  readonly name: string;
  readonly needsPerson: boolean;
}

export type Stage =
  | { readonly name: 'attract' }
  /** Nobody is known yet; `way` is what they chose to be known by. */
  | { readonly name: 'identify'; readonly mode: string; readonly way?: IdentifyWay }
  /** Somebody is known, and several modes would serve them. */
  | { readonly name: 'choose'; readonly session: string }
  | { readonly name: 'mode'; readonly mode: string; readonly session?: string }
  /** The paper of somebody who is gone still comes out. Nothing of them is shown. */
  | { readonly name: 'tail' }
  | { readonly name: 'farewell'; readonly why: 'left' | 'forgotten' | 'not-me' };

export interface Flow {
  readonly view: KioskView | undefined;
  readonly link: Link;
  readonly stage: Stage;
  /** When somebody last did something, and when this stage began if that is later. */
  readonly touchedAt: Now;
  /** When the server was last told that somebody is there. */
  readonly toldAt: Now;
  /** The session that was ended here last. The server may still speak of it for a moment. */
  readonly gone?: string;
  /** Paper moves: nothing times out before. */
  readonly holdUntil?: Now;
}

export type FlowEvent =
  | { readonly type: 'view'; readonly view: KioskView }
  | { readonly type: 'link'; readonly link: Link }
  | { readonly type: 'choose'; readonly mode: string }
  | { readonly type: 'way'; readonly way?: IdentifyWay }
  /** A mode that serves strangers too would serve somebody better. */
  | { readonly type: 'identify' }
  | { readonly type: 'leave' }
  /** They are somebody else than the name on the screen. */
  | { readonly type: 'not-me' }
  | { readonly type: 'hold'; readonly on: boolean }
  | { readonly type: 'touched' }
  | { readonly type: 'tick' };

/** `wipe`: settings, language and all that was typed go back to what a stranger should find. */
export type Effect = 'tell-touch' | 'tell-leave' | 'tell-service-leave' | 'wipe';

export interface Step {
  readonly state: Flow;
  readonly effects: readonly Effect[];
}

export const initial = (now: Now): Flow => ({
  view: undefined,
  link: 'starting',
  stage: { name: 'attract' },
  touchedAt: now,
  toldAt: 0,
});

/** Modes that the kiosk offers and this page has, in the kiosk's order. */
export const offered = (flow: Flow, modes: readonly Mode[]): readonly Mode[] =>
  (flow.view?.modes ?? []).flatMap((name) => modes.find((mode) => mode.name === name) ?? []);

/** Whether what is on the screen may be about a person. */
export const isPersonal = ({ stage }: Flow): boolean =>
  stage.name === 'choose' || (stage.name === 'mode' && stage.session !== undefined);

const isHeld = ({ holdUntil }: Flow, now: Now): boolean => holdUntil !== undefined && holdUntil > now;

/** Milliseconds until the screen forgets; undefined where there is nothing to forget or paper moves. */
export function remaining(flow: Flow, now: Now): number | undefined {
  if ((flow.stage.name === 'attract' && !flow.view?.service) || isHeld(flow, now)) return undefined;
  const allowed = flow.stage.name === 'farewell' || flow.stage.name === 'tail' ? FAREWELL_MS : IDLE_MS + QUESTION_MS;
  const left = Math.max(flow.touchedAt, flow.holdUntil ?? 0) + allowed - now;
  return Math.min(allowed, Math.max(0, left));
}

/** Whether it is asked now if anybody is still there. */
export function isAsking(flow: Flow, now: Now): boolean {
  const left = remaining(flow, now);
  return left !== undefined && left <= QUESTION_MS && flow.stage.name !== 'farewell' && flow.stage.name !== 'tail';
}

const withoutHold = ({ holdUntil: _, ...rest }: Flow): Flow => rest;
const withoutService = ({ service: _, ...rest }: KioskView): KioskView => rest;
const stay = (state: Flow): Step => ({ state, effects: [] });
const enter = (flow: Flow, stage: Stage, now: Now): Flow => ({ ...flow, stage, touchedAt: now });

/** Ends whatever was: the view forgets at once whom the server is told to forget, and does not take its late words for news. */
function end(flow: Flow, stage: Stage, now: Now): Step {
  if (!flow.view?.person) return { state: enter(flow, stage, now), effects: ['wipe'] };
  const { person, ...view } = flow.view;
  return { state: enter({ ...flow, view, gone: person.session }, stage, now), effects: ['tell-leave', 'wipe'] };
}

/** Where somebody goes who is known now; `wanted`: what they had chosen before. */
function welcome(flow: Flow, session: string, wanted: string | undefined, modes: readonly Mode[], now: Now): Flow {
  const here = offered(flow, modes);
  const forPersons = here.filter(({ needsPerson }) => needsPerson);
  const only = forPersons.length === 1 ? forPersons[0]?.name : undefined;
  const mode = here.some(({ name }) => name === wanted) ? wanted : only;
  return enter(flow, mode === undefined ? { name: 'choose', session } : { name: 'mode', mode, session }, now);
}

/** Somebody came, went, or was exchanged for somebody else; anything else of a view only changes what is drawn. */
function see(before: Flow, told: KioskView, modes: readonly Mode[], now: Now): Step {
  const { person, ...nobody } = told;
  const view: KioskView = person !== undefined && person.session === before.gone ? nobody : told;
  const isOpened = view.service !== undefined && view.service.state !== before.view?.service?.state;
  const flow: Flow = { ...before, view, link: 'up', ...(isOpened && { touchedAt: now }) };
  const { stage } = flow;
  const session = view.person?.session;
  const shown = 'session' in stage ? stage.session : undefined;
  if (session !== undefined && session !== shown) {
    const wanted = shown === undefined && 'mode' in stage ? stage.mode : undefined;
    // Whoever comes next starts with nothing of the one before, however alike their masked names are.
    return {
      state: welcome(withoutHold(flow), session, wanted, modes, now),
      effects: shown === undefined ? [] : ['wipe'],
    };
  }
  if (session === undefined && shown !== undefined)
    return isHeld(flow, now)
      ? end(flow, { name: 'tail' }, now)
      : end(withoutHold(flow), { name: 'farewell', why: 'forgotten' }, now);
  // What they stand in is not offered here any more.
  if ('mode' in stage && !offered(flow, modes).some(({ name }) => name === stage.mode))
    return end(withoutHold(flow), { name: 'attract' }, now);
  return stay(flow);
}

function leave(flow: Flow, why: 'left' | 'not-me', now: Now): Step {
  if (flow.view?.service) {
    return { state: { ...flow, view: withoutService(flow.view) }, effects: ['tell-service-leave'] };
  }
  if (!isPersonal(flow)) return end(withoutHold(flow), { name: 'attract' }, now);
  return isHeld(flow, now) ? end(flow, { name: 'tail' }, now) : end(withoutHold(flow), { name: 'farewell', why }, now);
}

function tick(flow: Flow, now: Now): Step {
  if (isHeld(flow, now)) return tell(flow, now);
  const left = remaining(flow, now);
  if (left === undefined) return stay(flow);
  // The kiosk must not stay open to whoever comes next.
  if (left === 0 && flow.view?.service) return leave(flow, 'left', now);
  if (left === 0) return end(withoutHold(flow), { name: 'attract' }, now);
  // The question must not stand longer than the server knows them.
  return isAsking(flow, now) && flow.toldAt < flow.touchedAt + IDLE_MS ? tell(flow, now) : stay(flow);
}

const tell = (flow: Flow, now: Now): Step =>
  (flow.view?.person ?? flow.view?.service) && now - flow.toldAt >= TOUCH_MS
    ? { state: { ...flow, toldAt: now }, effects: ['tell-touch'] }
    : stay(flow);

/** One step. `modes`: what this page has; `now`: the page's clock. */
export function step(flow: Flow, event: FlowEvent, modes: readonly Mode[], now: Now): Step {
  const { stage } = flow;
  switch (event.type) {
    case 'view':
      return see(flow, event.view, modes, now);
    case 'link':
      return stay({ ...flow, link: event.link });
    case 'choose': {
      const mode = offered(flow, modes).find(({ name }) => name === event.mode);
      if (!mode || (stage.name !== 'attract' && stage.name !== 'choose')) return stay(flow);
      const session = stage.name === 'choose' ? stage.session : undefined;
      if (mode.needsPerson && session === undefined)
        return stay(enter(flow, { name: 'identify', mode: mode.name }, now));
      return stay(enter(flow, { name: 'mode', mode: mode.name, ...(session !== undefined && { session }) }, now));
    }
    case 'way':
      if (stage.name !== 'identify') return stay(flow);
      return stay(enter(flow, { name: 'identify', mode: stage.mode, ...(event.way && { way: event.way }) }, now));
    case 'identify':
      if (stage.name !== 'mode' || stage.session !== undefined) return stay(flow);
      return stay(enter(withoutHold(flow), { name: 'identify', mode: stage.mode }, now));
    case 'leave':
    case 'not-me':
      return leave(flow, event.type === 'leave' ? 'left' : 'not-me', now);
    case 'hold':
      if (stage.name !== 'mode' && stage.name !== 'tail') return stay(flow);
      return stay(event.on ? { ...flow, holdUntil: now + HOLD_MS } : { ...withoutHold(flow), touchedAt: now });
    case 'touched':
      if (stage.name === 'farewell' || stage.name === 'tail') return stay(flow);
      return tell(stage.name === 'attract' && !flow.view?.service ? flow : { ...flow, touchedAt: now }, now);
    case 'tick':
      return tick(flow, now);
  }
}
