import { type Clock, type RandomBytes, type Result, err, failure, ok } from '@hallhub/sync/base';
import type { AccessController, AccessEvent, EnrolledPerson } from '../../capabilities/index.ts';
import type { Command, CommandLedger, Confirmation, HttpReply, Receipt, Veto } from '../../kit/index.ts';
import { readStatus } from '../hikvision-isapi/document.ts';
import { cardNumber, cardUid } from './cards.ts';
import {
  type AccessRecord,
  type IsapiRequest,
  type TerminalPerson,
  dropCards,
  dropEverybody,
  dropPerson,
  putCard,
  putPerson,
  readCards,
  readPeople,
  readRecords,
  searchCards,
  searchPeople,
  searchRecords,
  wallTime,
} from './messages.ts';
import type { AccessTerminalParams } from './params.ts';

const never: Veto = () => undefined;
const EMPLOYEE = /^[A-Za-z0-9_.-]{1,32}$/;

/** The people of one terminal. One thing is done with them at a time; each change is asked for afterwards. */
export function createPeople({
  ask,
  terminal,
  toEvent,
  params,
  ledger,
  clock,
  random,
}: {
  /** Asks the terminal; `veto` right before it leaves. */
  readonly ask: (request: IsapiRequest, veto: Veto) => Promise<Result<HttpReply>>;
  /** Its serial number, once it has said it. */
  readonly terminal: () => Result<string>;
  readonly toEvent: (record: AccessRecord) => AccessEvent | undefined;
  readonly params: AccessTerminalParams;
  readonly ledger: CommandLedger;
  readonly clock: Clock;
  readonly random: RandomBytes;
}): Omit<AccessController, 'onAccess' | 'onSnapshot'> & { readonly settled: () => Promise<unknown> } {
  const { byteOrder, utcOffset } = params;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const mine = turn.then(action);
    turn = mine;
    return mine;
  };
  const newSearch = (): string => Buffer.from(random(8)).toString('hex');
  const tell = async (request: IsapiRequest, veto: Veto = never): Promise<Result<void>> => {
    const reply = await ask(request, veto);
    return reply.ok ? readStatus(reply.value) : reply;
  };

  const cardsOf = async (
    employeeNos: readonly string[],
  ): Promise<Result<readonly { readonly employeeNo: string; readonly cardNo: string }[]>> => {
    if (employeeNos.length === 0) return ok([]);
    const search = newSearch();
    const all: { readonly employeeNo: string; readonly cardNo: string }[] = [];
    for (let more = true; more;) {
      const reply = await ask(searchCards(search, employeeNos, all.length), never);
      const page = reply.ok ? readCards(reply.value.body) : reply;
      if (!page.ok) return page;
      // Some answer with everybody's, whoever was asked for.
      all.push(...page.value.items);
      more = page.value.more && page.value.items.length > 0;
    }
    return ok(all.filter(({ employeeNo }) => employeeNos.includes(employeeNo)));
  };
  const personOf = async (employeeNo: string): Promise<Result<TerminalPerson | undefined>> => {
    const reply = await ask(searchPeople(newSearch(), { employeeNo }), never);
    const page = reply.ok ? readPeople(reply.value.body) : reply;
    if (!page.ok) return page;
    const person = page.value.items.find((one) => one.employeeNo === employeeNo);
    if (!person) return ok(undefined);
    const cards = await cardsOf([employeeNo]);
    return cards.ok ? ok({ ...person, cards: cards.value.map(({ cardNo }) => normal(cardNo)) }) : cards;
  };
  const done = (command: Command, confirmation: Confirmation): Receipt =>
    ok({ commandId: command.id, confirmation, at: clock.now() });

  const put = async (command: Parameters<AccessController['put']>[0], veto: Veto): Promise<Receipt> => {
    const { personId: employeeNo, cards, validFrom, validTo } = command.args;
    if (!EMPLOYEE.test(employeeNo)) return failure('E-DEV-0203', 'an id of more than 32 characters');
    const numbers = cards.map((uid) => cardNumber(uid, byteOrder));
    if (numbers.includes(undefined)) return failure('E-DEV-0203', 'a card whose UID has more than 8 bytes');
    const wanted = {
      employeeNo,
      cards: numbers.flatMap((number) => number ?? []),
      beginTime: wallTime(validFrom, utcOffset),
      endTime: wallTime(validTo - 1, utcOffset),
    };
    const before = await personOf(employeeNo);
    if (!before.ok) return before;
    const taken = await tell(putPerson(wanted, before.value !== undefined, params), veto);
    if (!taken.ok) return taken;
    // Begun, it is brought to its end: half a person would be one without a card.
    const old = (before.value?.cards ?? []).filter((card) => !wanted.cards.includes(card));
    const dropped = old.length === 0 ? ok() : await tell(dropCards(old));
    if (!dropped.ok) return dropped;
    for (const uid of cards) {
      if (before.value?.cards.includes(cardNumber(uid, byteOrder) ?? '') === true) continue;
      const added = await tell(putCard(employeeNo, uid, params));
      if (!added.ok) return added;
    }
    const after = await personOf(employeeNo);
    if (!after.ok) return after;
    return isSame(wanted, after.value)
      ? done(command, 'observed')
      : failure('E-DEV-0208', 'it has the person otherwise');
  };
  const withdraw = async (command: Parameters<AccessController['withdraw']>[0], veto: Veto): Promise<Receipt> => {
    const { personId: employeeNo } = command.args;
    if (!EMPLOYEE.test(employeeNo)) return failure('E-DEV-0203', 'an id of more than 32 characters');
    const before = await personOf(employeeNo);
    if (!before.ok) return before;
    const cards = before.value?.cards ?? [];
    // The cards first: a card that outlives its person would open for nobody.
    const dropped = cards.length === 0 ? ok() : await tell(dropCards(cards), veto);
    if (!dropped.ok) return dropped;
    const gone = await tell(dropPerson(employeeNo, params), veto);
    if (!gone.ok) return gone;
    const after = await personOf(employeeNo);
    if (!after.ok) return after;
    // Some delete in their own time, and still show whom they have promised to forget.
    return done(command, after.value ? 'acknowledged' : 'observed');
  };

  return {
    settled: () => turn,
    put: (command) => ledger.run(command, (veto) => inTurn(() => put(command, veto))),
    withdraw: (command) => ledger.run(command, (veto) => inTurn(() => withdraw(command, veto))),
    clear: (command) =>
      ledger.run(command, (veto) =>
        inTurn(async () => {
          const cleared = await tell(dropEverybody(), veto);
          return cleared.ok ? done(command, 'acknowledged') : cleared;
        }),
      ),
    digest: () => {
      const known = terminal();
      return Promise.resolve(known.ok ? ok({ terminal: known.value, validity: 'instant' as const }) : known);
    },
    people: (cursor) =>
      inTurn(async () => {
        const [search = newSearch(), place = '0'] = cursor?.split(':') ?? [];
        const from = Number(place);
        const reply = await ask(searchPeople(search, { from }), never);
        const page = reply.ok ? readPeople(reply.value.body) : reply;
        if (!page.ok) return page;
        const cards = await cardsOf(page.value.items.map(({ employeeNo }) => employeeNo));
        if (!cards.ok) return cards;
        const people = page.value.items.map(({ employeeNo, beginTime, endTime }): EnrolledPerson => {
          const [validFrom, last] = [instantAt(beginTime, utcOffset), instantAt(endTime, utcOffset)];
          return {
            personId: employeeNo,
            cards: cards.value.flatMap((card) =>
              card.employeeNo === employeeNo ? (cardUid(card.cardNo, byteOrder) ?? []) : [],
            ),
            ...(validFrom !== undefined && { validFrom }),
            ...(last !== undefined && { validTo: (last + 1_000) as typeof last }),
          };
        });
        return ok({ people, next: page.value.more ? `${search}:${from + page.value.items.length}` : null });
      }),
    history: (position) =>
      inTurn(async () => {
        const read = async (from: number, to?: number) => {
          const reply = await ask(searchRecords(newSearch(), from, to), never);
          return reply.ok ? readRecords(reply.value.body, params) : reply;
        };
        const before = Number(position ?? '0');
        const page = await read(before + 1);
        if (!page.ok) return page;
        const { items, more, last } = page.value;
        if (last === undefined && before > 0) {
          // Nothing new. Where the last one that was read is gone as well, its numbers began anew.
          const mark = await read(before, before);
          if (!mark.ok) return mark;
          return ok({ events: [], position: mark.value.last === undefined ? null : position, more: false });
        }
        if (last !== undefined && last <= before) return failure('E-DEV-0204', 'it does not heed beginSerialNo');
        return ok({
          events: items.flatMap((record) => toEvent({ ...record, current: false }) ?? []),
          position: last === undefined ? position : String(last),
          more,
        });
      }),
  };
}

/** A number as it is kept, without leading zeros. */
const normal = (cardNo: string): string => (/^\d{1,20}$/.test(cardNo) ? BigInt(cardNo).toString() : cardNo);

function isSame(wanted: TerminalPerson, found: TerminalPerson | undefined): boolean {
  return (
    found?.beginTime === wanted.beginTime &&
    found.endTime === wanted.endTime &&
    [...found.cards].sort().join() === [...new Set(wanted.cards)].sort().join()
  );
}

function instantAt(wall: string, utcOffset: number): EnrolledPerson['validFrom'] {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(wall) ? Date.parse(`${wall}Z`) - utcOffset * 60_000 : Number.NaN;
  return Number.isFinite(at) ? (at as NonNullable<EnrolledPerson['validFrom']>) : undefined;
}

export const refusedBy = (veto: Veto): Result<void> => {
  const refused = veto();
  return refused ? err(refused) : ok();
};
