import { defineMode } from '../mode.ts';
import TicketScreens from './TicketScreens.vue';

export const ticketMode = defineMode({
  name: 'ticket',
  tile: {
    title: { zh: '取号', en: 'Take a number' },
    hint: { zh: '到人工窗口办理，预约签到', en: 'To be served at a counter' },
    icon: 'ticket',
  },
  needsPerson: false,
  screens: TicketScreens,
});
