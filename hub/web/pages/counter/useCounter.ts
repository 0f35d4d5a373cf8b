import type { Ref } from 'vue';
import { computed, ref, watch } from 'vue';
import type { CounterView, HallView, LeaseView } from '../../../queue/contract.ts';
import type { Problem } from '../../kit/http.ts';
import { call } from '../../kit/http.ts';
import { useOnce } from '../../kit/once.ts';
import { useTopic } from '../../kit/topic.ts';
import type { Order } from './orders.ts';
import { useSkills } from './skills.ts';

/** Another session has the counter: nothing that is ordered here counts any more. */
const LEASE_ENDED = 'E-QUEUE-0203';
const LEASE_TAKEN = 'E-QUEUE-0202';

/**
 * `watching`: this page only looks on. `asking`: another session has the counter, and whoever sits here is asked whether to take
 * it over. `lost`: it was taken over from here. `mine`: orders of this page count.
 */
export type Hold = 'watching' | 'asking' | 'mine' | 'lost';

/** A counter as its page works it: the view, the lease, the orders. */
export function useCounter(id: string) {
  const base = `/api/queue/counters/${encodeURIComponent(id)}`;
  // A lease is kept for this tab alone: the page may be loaded again, a copy of it may not order.
  const kept = `hallhub.counter.${id}`;
  const topic = useTopic<CounterView>({ topic: `queue/counter/${id}`, path: base });
  const [session, token] = (sessionStorage.getItem(kept) ?? '').split(' ');
  const lease = ref<string | undefined>(token);
  /** The session of the lease; a greater one at the counter is somebody else's. */
  let ours = Number(session);
  const hold = ref<Hold>(lease.value === undefined ? 'watching' : 'mine');
  const busy = ref(false);
  const refusal: Ref<Problem | undefined> = ref();
  const hall = ref<HallView>();
  const once = useOnce();
  const skills = useSkills(
    id,
    computed(() => hall.value?.counters.find((one) => one.id === id)?.offers ?? []),
  );

  function keep(answer: LeaseView): void {
    lease.value = answer.lease;
    ours = answer.view.session;
    sessionStorage.setItem(kept, `${ours} ${answer.lease}`);
  }
  function drop(next: Hold): void {
    lease.value = undefined;
    sessionStorage.removeItem(kept);
    hold.value = next;
  }

  async function loadHall(): Promise<void> {
    const answer = await call<readonly HallView[]>('GET', '/api/queue/halls');
    if (answer.ok) hall.value = answer.value.find(({ counters }) => counters.some((one) => one.id === id));
  }

  async function open(takeOver: boolean): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    const { some } = skills;
    const answer = await once.order<LeaseView>(`${base}/open`, {
      takeOver,
      ...(some.value && { services: some.value }),
    });
    busy.value = false;
    refusal.value = undefined;
    if (answer.ok) {
      keep(answer.value);
      hold.value = 'mine';
      skills.keep();
      topic.take(answer.value.view);
      void loadHall();
    } else if (answer.problem.code === LEASE_TAKEN) hold.value = 'asking';
    else refusal.value = answer.problem;
  }

  /** One order at a time: what is pressed while another is under way is not kept for later. */
  async function send({ path, body = {} }: Order): Promise<boolean> {
    if (busy.value || lease.value === undefined) return false;
    busy.value = true;
    const answer = await once.order<CounterView>(`${base}/${path}`, body, { 'x-counter-lease': lease.value });
    busy.value = false;
    refusal.value = answer.ok ? undefined : answer.problem;
    if (!answer.ok) {
      if (answer.problem.code !== LEASE_ENDED) return false;
      drop('lost');
      return false;
    }
    topic.take(answer.value);
    if (path === 'close') drop('watching');
    return true;
  }

  // Closed from elsewhere, at the end of the day for one: the next to work here opens it.
  watch(
    () => topic.view.value?.state,
    (state) => {
      if (state === 'closed' && hold.value === 'mine' && !busy.value) drop('watching');
    },
  );
  // Taken over: what is shown from now on is somebody else's work.
  watch(
    () => topic.view.value?.session,
    (now) => {
      if (now !== undefined && now > ours && hold.value === 'mine') drop('lost');
    },
  );
  void loadHall();
  return {
    ...topic,
    hall,
    skills,
    hold: computed(() => hold.value),
    busy,
    refusal,
    open,
    send,
    loadHall,
    stopAsking: (): void => {
      hold.value = 'watching';
    },
  };
}
