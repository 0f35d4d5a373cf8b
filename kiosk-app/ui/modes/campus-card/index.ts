import { defineMode } from '../mode.ts';
import CardScreens from './CardScreens.vue';

export const campusCardMode = defineMode({
  name: 'campus-card',
  tile: {
    title: { zh: '校园卡', en: 'Campus card' },
    hint: { zh: '余额、流水、挂失、充值', en: 'Balance, records, report lost, top up' },
    icon: 'card',
  },
  needsPerson: true,
  ways: ['resident-id', 'campus-card', 'campus-code', 'one-time-code'],
  screens: CardScreens,
});
