export { vzenithHttpProtocol } from './http.ts';
export { vzenithMqttProtocol } from './mqtt.ts';
export { type VzenithSimulator, createVzenithHttpSimulator, createVzenithMqttSimulator } from './simulator.ts';
