import '@hallhub/hub/web/kit/tokens.css';
import './kit/kiosk.css';
import { call, loadCatalogue } from '@hallhub/hub/web/kit/http.ts';
import { timeZone } from '@hallhub/hub/web/kit/i18n.ts';
import { createApp } from 'vue';
import KioskApp from './KioskApp.vue';

interface Instance {
  readonly timeZone: string;
}

const kiosk = /\/kiosk\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? '';

// The screen must not wait for words: without them codes are shown, and the next start asks again.
void loadCatalogue();
void call<Instance>('GET', '/api/instance').then((answer) => {
  if (answer.ok) timeZone.value = answer.value.timeZone;
});

window.addEventListener('contextmenu', (event) => {
  event.preventDefault();
});
createApp(KioskApp, { kiosk: decodeURIComponent(kiosk) }).mount('#app');
