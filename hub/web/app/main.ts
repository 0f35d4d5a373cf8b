import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import '../kit/tokens.css';
import '../kit/base.css';
import { call, loadCatalogue } from '../kit/http.ts';
import AppRoot from './AppRoot.vue';
import { pages } from './pages.ts';
import { holds, me, refreshMe } from './session.ts';

interface Instance {
  readonly demo: boolean;
}

const instance = await call<Instance>('GET', '/api/instance');
const isDemo = instance.ok && instance.value.demo;

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: isDemo ? '/floor' : '/gates' },
    ...pages
      .filter(({ demo }) => demo !== true || isDemo)
      .map((page) => ({ path: page.path, component: page.component, meta: { page } })),
    { path: '/:rest(.*)', component: () => import('../pages/NotFoundPage.vue') },
  ],
});

router.beforeEach(async (to) => {
  const page = pages.find(({ path }) => to.matched.some((match) => match.path === path));
  if (!page?.roles) return true;
  if (me.value === undefined) await refreshMe();
  if (!me.value) return { path: '/login', query: { to: to.fullPath } };
  if (holds(page.roles, page.anyArea)) return true;
  const first = pages.find(({ roles, anyArea }) => roles && holds(roles, anyArea));
  return first ? first.path : '/login';
});

await loadCatalogue();
createApp(AppRoot).use(router).mount('#app');
