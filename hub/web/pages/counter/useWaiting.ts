import type { ComputedRef, EffectScope, Ref, ShallowRef } from 'vue';
import { computed, effectScope, onScopeDispose, shallowRef, watch } from 'vue';
import type { StaffTicketView, WaitingView } from '../../../queue/contract.ts';
import type { Topic } from '../../kit/topic.ts';
import { useTopic } from '../../kit/topic.ts';

/** Who waits in a hall, once it is known which one. */
export function useWaiting(hall: Readonly<Ref<string | undefined>>): ComputedRef<readonly StaffTicketView[]> {
  const topic: ShallowRef<Topic<WaitingView> | undefined> = shallowRef();
  let scope: EffectScope | undefined;
  watch(
    hall,
    (id) => {
      scope?.stop();
      if (id === undefined) return;
      scope = effectScope(true);
      topic.value = scope.run(() =>
        useTopic<WaitingView>({
          topic: `queue/${id}/waiting`,
          path: `/api/queue/halls/${encodeURIComponent(id)}/waiting`,
        }),
      );
    },
    { immediate: true },
  );
  onScopeDispose(() => scope?.stop());
  return computed(() => topic.value?.view.value?.tickets ?? []);
}
