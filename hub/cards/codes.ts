import { defineCodes } from '@hallhub/sync/base';

export const campusCardCodes = defineCodes({
  'E-PAY-0101': { zh: '没有查到校园卡', en: 'There is no campus card of this person' },
  'E-PAY-0102': { zh: '校园卡系统无应答，请稍后再试', en: 'The campus-card system does not answer; please try again' },
  'E-PAY-0103': { zh: '校园卡系统不提供此项服务', en: 'The campus-card system cannot do this' },
  'E-PAY-0104': { zh: '该卡已挂失或冻结，不能充值', en: 'The card is reported lost or frozen and takes no top-up' },
  'E-PAY-0201': { zh: '支付服务拒绝了订单', en: 'The payment service refused the order' },
  'E-PAY-0202': { zh: '支付服务无应答', en: 'The payment service does not answer' },
  'E-PAY-0203': { zh: '没有这笔充值订单', en: 'There is no such top-up' },
  'E-PAY-0204': { zh: '充值金额不可选', en: 'This amount cannot be topped up' },
  'E-PAY-0205': { zh: '该订单无需人工处理', en: 'This order needs no decision' },
  'E-PAY-0206': { zh: '已有一笔充值在进行', en: 'Another top-up of this card is under way' },
  'E-PAY-0207': { zh: '本系统未接入校园卡', en: 'No campus-card system is joined to this hub' },
  'E-PAY-0208': {
    zh: '同一请求编号已用于另一笔充值',
    en: 'This idempotency key already stands for another top-up',
  },
});
