import type { PrintJobView } from '@hallhub/hub/api/types';
import type { KioskView } from '@hallhub/hub/kiosks/contract';
import type { TicketMachineView } from '@hallhub/hub/queue/contract';
import type { Answer } from '@hallhub/hub/web/kit/http.ts';
import { locale } from '@hallhub/hub/web/kit/i18n.ts';
import { useLive } from '@hallhub/hub/web/kit/live.ts';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { resetSettings, settings } from '../kit/settings.ts';
import { MODES } from '../modes/index.ts';
import { browserTone, createVoice } from '../voice/voice.ts';
import { kioskApi } from './api.ts';
import type { Effect, Flow, FlowEvent } from './flow.ts';
import { initial, step } from './flow.ts';
import { isOver } from './job.ts';
import type { Kiosk } from './kiosk.ts';

/** How often the server is asked for everything, whatever its stream said: a dead stream looks like a quiet one. */
const PULSE_MS = 5_000;
/** A server that takes longer is as good as gone. */
const PATIENCE_MS = 4_000;
/** The view when nothing has come yet; nothing is drawn from it. */
const NO_VIEW: KioskView = {
  id: '',
  label: { zh: '', en: '' },
  modes: [],
  hub: 'gone',
  hall: 'gone',
  readers: [],
  ways: [],
};

/** Drives the machine of flow.ts by the server's words, by what is touched and by the clock. Ends with the component. */
export function runKiosk(kioskId: string): Kiosk {
  const api = kioskApi(kioskId);
  const flow = shallowRef<Flow>(initial(Date.now()));
  const now = ref(Date.now());
  const job = shallowRef<PrintJobView>();
  const atStep = ref(0);
  const queue = shallowRef<TicketMachineView>();
  const keeps = ref(false);
  /** Something was wiped since the page was loaded: it is loaded anew as soon as nobody looks at it. */
  let wasUsed = false;
  /** Views that came by themselves. */
  let viewsTold = 0;
  const voice = createVoice(
    { ...('speechSynthesis' in window && { synthesis: speechSynthesis }), tone: browserTone },
    { isOn: () => settings.voice, locale: () => locale.value },
  );

  const effects: Readonly<Record<Effect, () => void>> = {
    'tell-touch': () => void api.touch(),
    'tell-leave': () => void api.leave(),
    'tell-service-leave': () => void api.service.leave(),
    wipe: () => {
      voice.silence();
      resetSettings();
      if (flow.value.stage.name !== 'tail') job.value = undefined;
      wasUsed = true;
    },
  };
  function dispatch(event: FlowEvent): void {
    const { state, effects: wanted } = step(flow.value, event, MODES, Date.now());
    flow.value = state;
    for (const effect of wanted) effects[effect]();
  }

  watch(
    () => flow.value.stage.name,
    (name) => {
      if (name === 'attract' && wasUsed) window.hallhubShell?.finished();
    },
  );
  watch(job, (seen) => {
    dispatch({ type: 'hold', on: seen !== undefined && !isOver(seen) });
  });
  const takeJob = (told: PrintJobView): void => {
    if (job.value?.attemptId === told.attemptId) job.value = told;
  };

  async function pulse(): Promise<void> {
    const before = viewsTold;
    const answer = await Promise.race([api.view(), late()]);
    // What the stream told meanwhile is newer than what was asked for before.
    if (answer.ok) dispatch(viewsTold === before ? { type: 'view', view: answer.value } : { type: 'link', link: 'up' });
    else dispatch({ type: 'link', link: answer.problem.status === 401 ? 'locked' : 'lost' });
    if (answer.ok && job.value && !isOver(job.value)) {
      const told = await api.job(job.value.attemptId);
      if (told.ok) takeJob(told.value);
    }
  }
  /** The token stands behind the # once, when the kiosk is set up; afterwards the cookie knows this browser. */
  async function arrive(): Promise<void> {
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (token !== null) {
      await api.session(token);
      history.replaceState(null, '', location.pathname + location.search);
    }
    await pulse();
  }

  const live = useLive({
    after: arrive(),
    url: `${api.base}/events`,
    load: pulse,
    topics: {
      [`kiosk/${kioskId}`]: (data: KioskView | { readonly job: PrintJobView }) => {
        if ('job' in data) takeJob(data.job);
        else {
          viewsTold += 1;
          dispatch({ type: 'view', view: data });
        }
      },
      [`kiosk/${kioskId}/queue`]: (told: TicketMachineView) => {
        queue.value = told;
      },
    },
  });
  watch(live, () => void pulse());

  const timers = [
    setInterval(() => {
      now.value = Date.now();
      dispatch({ type: 'tick' });
    }, 1_000),
    setInterval(() => {
      window.hallhubShell?.alive();
      void pulse();
    }, PULSE_MS),
  ];
  onScopeDispose(() => {
    timers.forEach(clearInterval);
    voice.silence();
  });

  const view = computed(() => flow.value.view ?? NO_VIEW);
  return { api, flow, view, job, now, atStep, queue, keeps, voice, dispatch };
}

const late = (): Promise<Answer<KioskView>> =>
  new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS, { ok: false, problem: { status: 0, code: 'E-WEB-0101' } });
  });
