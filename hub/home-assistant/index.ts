export { type HomeAssistant } from './service.ts';
export { homeAssistantOf } from './compose.ts';
export { hubStatusTopic } from './components.ts';
