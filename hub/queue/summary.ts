import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { HallQueue } from './compose.ts';
import { isLeftWith } from './rules/ticket.ts';
import { liveView } from './live.ts';
import { counterState } from './picture.ts';

export const queueSummary =
  ({
    halls,
    core,
    printing,
    announcements,
  }: Pick<HallQueue, 'halls' | 'core' | 'printing' | 'announcements'>): Summarise =>
  () => {
    const pictures = halls.all.map((hall) => core.pictures.of(hall));
    const inLine = pictures.reduce((sum, { rules }) => sum + rules.waiting.length, 0);
    const live = pictures.flatMap((picture) => liveView(picture.hall, picture, core.tickets).services);
    const longest = Math.max(0, ...live.map((one) => one.longest));
    const beyond = live.reduce((sum, one) => sum + one.beyond, 0);
    const atWork = pictures.reduce((sum, { rules }) => sum + rules.counters.length, 0);
    const unattended = pictures.filter(({ hall, rules }) => {
      const served = new Set(rules.counters.flatMap(({ services }) => [...services]));
      return rules.waiting.some(({ service, forCounter }) =>
        forCounter === undefined ? !served.has(service) : !hall.counters.some(({ id }) => id === forCounter),
      );
    }).length;
    // Kept for somebody who is to open the counter again: nobody else goes on with them.
    const stranded = pictures.reduce((sum, picture) => {
      const closed = picture.hall.counters.filter(({ id }) => counterState(picture, id) === 'closed');
      return sum + picture.open.filter((row) => closed.some(({ id }) => isLeftWith(row, id))).length;
    }, 0);
    const onBreak = pictures.reduce(
      (sum, picture) => sum + picture.hall.counters.filter(({ id }) => counterState(picture, id) === 'break').length,
      0,
    );
    const noPaper = halls.all
      .flatMap(({ kiosks, buttonMachines }) => [...kiosks, ...buttonMachines])
      .filter(({ printer }) => printer !== undefined && ['out', 'none'].includes(printing.paper(printer))).length;
    const page = '/counter';
    return {
      domain: 'queue',
      title: { zh: '排队叫号', en: 'Queue' },
      figures: [
        { text: { zh: '等候人数', en: 'Waiting' }, value: inLine },
        { text: { zh: '最长已等（分钟）', en: 'Longest wait (min)' }, value: Math.floor(longest / 60_000) },
        { text: { zh: '等候超过目标', en: 'Waiting beyond the limit' }, value: beyond },
        { text: { zh: '开放窗口', en: 'Counters at work' }, value: atWork },
        { text: { zh: '暂停窗口', en: 'On a break' }, value: onBreak },
      ],
      attention: waiting(
        {
          text: { zh: '有人等候而无窗口办理', en: 'People wait for what no counter does now' },
          count: unattended,
          page,
        },
        {
          text: { zh: '有号留在已关闭的窗口', en: 'Tickets wait for a counter that is closed' },
          count: stranded,
          page,
        },
        {
          text: { zh: '大厅扬声器不响，由叫号屏播报', en: 'Loudspeakers that are silent; boards say the calls' },
          count: halls.all.filter(({ id }) => announcements.isMute(id)).length,
          page,
        },
        { text: { zh: '取号机不能出纸', en: 'Ticket printers without paper' }, count: noPaper, page },
      ),
    };
  };
