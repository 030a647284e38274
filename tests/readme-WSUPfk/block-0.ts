import { audit, createEngine, loadSet } from 'keyhole';

const { record, target } = await audit(await createEngine(), await loadSet('digits'), { model: 'mlp', epochs: 30 });
for (const attack of record.attacks) console.log(attack.name, attack.auc.value, [attack.auc.low, attack.auc.high]);
