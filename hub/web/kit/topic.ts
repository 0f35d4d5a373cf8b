import { onScopeDispose, ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type { TopicMessage } from '../../queue/contract.ts';
import type { Answer, Problem } from './http.ts';
import { call } from './http.ts';
import type { LinkState } from './live.ts';
import { useLive } from './live.ts';

/** How often the view is asked for, whatever its stream says: a dead stream looks like a quiet one. Two that fail are told. */
const PULSE = 10_000;
/** A hub that takes longer is as good as gone. */
const PATIENCE = 5_000;

export interface Topic<View> {
  readonly view: Readonly<ShallowRef<View | undefined>>;
  /** `offline`: what is shown may be old. */
  readonly link: Readonly<Ref<LinkState>>;
  /** Why there is no view: it was refused. */
  readonly problem: Readonly<Ref<Problem | undefined>>;
  /** The view, as the answer to an order had it. */
  take(view: View): void;
  refresh(): Promise<void>;
}

/** A view of the queue that is kept up to date: the snapshot, then each change by its number. Ends with the component. */
export function useTopic<View>(options: { readonly topic: string; readonly path: string }): Topic<View> {
  const { topic, path } = options;
  const view = shallowRef<View>();
  const problem = ref<Problem>();
  const link = ref<LinkState>('connecting');
  let sequence = -1;
  /** Views that came by themselves or with an answer: newer than what was asked for before they came. */
  let told = 0;

  const take = (next: View): void => {
    told += 1;
    view.value = next;
    problem.value = undefined;
  };
  async function refresh(): Promise<void> {
    const before = told;
    const answer = await inTime(call<View>('GET', path));
    if (answer.ok) {
      if (told === before) take(answer.value);
      if (stream.value !== 'offline') link.value = 'online';
    } else if (answer.problem.status === 0) link.value = 'offline';
    else problem.value = answer.problem;
  }
  const stream = useLive({
    url: `/api/queue/events?topic=${encodeURIComponent(topic)}`,
    load: refresh,
    topics: {
      [topic]: (message: TopicMessage<View>) => {
        // What was repeated or overtaken on the way says nothing new.
        if (message.sequence <= sequence) return;
        sequence = message.sequence;
        link.value = 'online';
        take(message.view);
      },
    },
    // Each connection begins with the whole view, and a hub that started anew counts anew.
    opened: (state) => {
      sequence = -1;
      link.value = state;
      if (state === 'online') void refresh();
    },
  });
  void refresh();
  const pulse = setInterval(() => void refresh(), PULSE);
  onScopeDispose(() => {
    clearInterval(pulse);
  });
  return { view, link, problem, take, refresh };
}

const inTime = <T>(answer: Promise<Answer<T>>): Promise<Answer<T>> =>
  Promise.race([
    answer,
    new Promise<Answer<T>>((resolve) => {
      setTimeout(resolve, PATIENCE, { ok: false, problem: { status: 0, code: 'E-WEB-0101' } });
    }),
  ]);
