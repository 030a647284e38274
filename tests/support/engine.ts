/** One engine per build for all tests, watched for live bytes. */
import { createEngine, type Engine, type EngineOptions } from '../../engine/index.ts';
import { watchLiveBytes } from '../harness.ts';

const engines = new Map<string, Promise<Engine>>();

export function testEngine(options: Pick<EngineOptions, 'build' | 'guard'> = {}): Promise<Engine> {
  const key = JSON.stringify(options);
  let engine = engines.get(key);
  if (!engine) {
    engine = createEngine(options).then((made) => {
      watchLiveBytes(() => made.stats().liveBytes);
      return made;
    });
    engines.set(key, engine);
  }
  return engine;
}
