import { maskName } from '../vault/index.ts';
import type { Lockers } from './compose.ts';
import type {
  BagView,
  CabinetView,
  DeskView,
  ItemView,
  JourneyView,
  ManifestView,
  RetentionView,
  StepView,
  TrackView,
} from './contract.ts';
import type { Link } from './custody/link.ts';
import { nameOf } from './custody/link.ts';
import { canonical, digest } from './custody/signing.ts';
import { manifestText } from './custody/manifest.ts';
import { blocks } from './rules/cases.ts';
import type { Consignment } from './rules/consignment.ts';
import type { JourneyRow } from './store/readings.ts';

/** The answers of `contract.ts`. */
export function createViews(lockers: Lockers, now: () => number) {
  const { chain, readings, rows, doors, cabinets } = lockers;
  const { me } = chain;

  const stepOf = (link: Link, epoch: number, refused: boolean): StepView => ({
    ...{ link: nameOf(link), hash: digest(canonical(link)), hub: link.hub, at: link.at, did: link.body.do },
    ...{ by: link.by, epoch, refused },
    ...(link.doneAt !== undefined && { doneAt: link.doneAt }),
    ...(link.witness !== undefined && { witness: link.witness }),
    ...(link.photo !== undefined && { photo: link.photo }),
  });
  const item = (id: string): ItemView | undefined => {
    const { state, steps } = chain.item(id);
    const row = rows.get(id);
    if (!state && !row) return undefined;
    const people = row && lockers.consignments.people(row);
    const expiresAt = row?.expiresAt ?? null;
    return {
      ...{ id, from: state?.from ?? row?.from ?? '', to: state?.to ?? row?.to ?? '' },
      ...{ size: state?.size ?? row?.size ?? 'small', epoch: state?.epoch ?? 0, ready: state?.ready ?? false },
      ...(state && { custodian: custodianOf(state), since: state.since }),
      ...(state?.place && { place: state.place }),
      ...(state?.returning !== undefined && { returning: state.returning }),
      ...(expiresAt !== null && { expiresAt }),
      ...(people && { recipient: maskName(people.recipient.name), tracking: people.tracking }),
      openCases: readings.casesOf(id).flatMap((one) => (one.closed ? [] : [one.id])),
      history: steps.map(({ link, epoch, refused }) => stepOf(link, epoch, refused)),
    };
  };
  const bag = (id: string): BagView => {
    const state = chain.known.bag(id);
    return {
      ...{ bag: id, is: state.is, items: readings.inBag(me, id) },
      ...('seal' in state && { seal: state.seal }),
      ...('to' in state && { to: state.to }),
      ...('manifest' in state && { manifest: state.manifest }),
    };
  };
  const journey = (row: JourneyRow): JourneyView => ({
    ...row,
    overdue: row.stage === 'under-way' && row.dueAt !== null && now() >= row.dueAt,
  });
  return {
    item,
    journey,
    journeys: (): readonly JourneyView[] => readings.journeys(200).map(journey),
    manifest: (name: string): ManifestView | undefined => {
      const signed = chain.manifest(name);
      const row = readings.journeys(1_000).find(({ manifest }) => manifest === name);
      const trip = chain.journey(name);
      if (!signed || !row || !trip) return undefined;
      return {
        ...journey(row),
        seal: signed.contents.seal,
        bags: signed.contents.bags.map((one) => ({
          ...{ bag: one.bag, seal: one.seal, items: one.items.map(([id]) => id) },
          counted: trip.counted.includes(one.bag),
        })),
        text: manifestText(signed),
      };
    },
    desk: (): DeskView => {
      const held = readings.heldAt(me).filter(({ ready }) => ready === 0);
      const bags = [...new Set(held.flatMap((row) => row.bag ?? []))].toSorted();
      return {
        me,
        items: held.flatMap(({ id, since }) => {
          const state = chain.known.item(id);
          if (!state) return [];
          const blocked = readings.casesOf(id).some((one) => blocks(one, id));
          const place = state.place ?? { at: 'desk' as const };
          return [{ id, to: state.to, place, since, returning: state.returning !== undefined, blocked }];
        }),
        bags: bags.map(bag),
        hubs: lockers.config.peers.map(({ hub, label }) => ({ id: hub, label })),
      };
    },
    track: (id: string): TrackView | undefined => {
      const { state, steps } = chain.item(id);
      if (!state) return undefined;
      const expiresAt = rows.get(id)?.expiresAt ?? null;
      return {
        ...{
          state: trackState(
            state,
            readings.casesOf(id).some((one) => blocks(one, id)),
          ),
        },
        ...{ from: state.from ?? '', to: state.to },
        ...(expiresAt !== null && { expiresAt }),
        steps: steps
          .filter(({ refused, link }) => !refused && TOLD.has(link.body.do))
          .map(({ link }) => ({ at: link.doneAt ?? link.at, hub: link.hub, did: link.body.do })),
      };
    },
    retention: (): readonly RetentionView[] =>
      rows.waiting().flatMap(({ id, readySince, expiresAt, reminded }) => {
        if (readySince === null || expiresAt === null) return [];
        const state = chain.known.item(id);
        return [
          {
            ...{ id, readySince, expiresAt, reminded, expired: now() >= expiresAt },
            returning: state?.returning !== undefined,
            ...(state?.place && { place: state.place }),
          },
        ];
      }),
    cabinets: (): readonly CabinetView[] =>
      cabinets.all.map(({ id, label, kind, compartments }) => {
        const taken = new Map(doors.active(id).map((one) => [one.compartment, one]));
        const out = new Map(doors.outOfUse(id).map((one) => [one.compartment, one]));
        return {
          ...{ id, label, kind },
          doors: compartments.map((door) => {
            const held = taken.get(door.id);
            const why = out.get(door.id)?.why;
            const isThere = held !== undefined && chain.known.item(held.item)?.place?.at === 'compartment';
            const free = held ? (isThere ? 'occupied' : 'reserved') : 'free';
            return {
              ...{ compartment: door.id, size: door.size, state: why === undefined ? free : 'out-of-use' },
              ...(held && { item: held.item }),
              ...(why !== undefined && { why }),
            } as const;
          }),
        };
      }),
  };
}

/** What sender and recipient need not know: how it is sorted, and who counted. */
const TOLD: ReadonlySet<Link['body']['do']> = new Set([
  'dropped-off',
  'departed',
  'arrived',
  'found',
  'placed',
  'returning',
  'handed-over',
]);

function custodianOf({ custodian }: Consignment): NonNullable<ItemView['custodian']> {
  return custodian.is === 'run' ? { is: 'run', run: custodian.run, dueAt: custodian.dueAt } : custodian;
}

function trackState({ custodian, ready, returning }: Consignment, blocked: boolean): TrackView['state'] {
  if (custodian.is === 'person') return 'collected';
  if (custodian.is === 'nobody') return 'lost';
  if (blocked) return 'being-looked-into';
  if (custodian.is === 'run') return 'under-way';
  if (ready) return 'ready';
  return returning === undefined ? 'with-us' : 'going-back';
}
