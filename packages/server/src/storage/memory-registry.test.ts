import { MemoryRegistry } from './memory-registry.ts';
import { contentsOf, describeRegistryStore } from './registry-store.contract.ts';

describeRegistryStore('memory', () => {
  let last = new MemoryRegistry();
  return {
    // Nothing of it outlives the process, so the next store is handed what the last one held.
    open: async () => {
      const { listenKeys, accounts, settings } = await contentsOf(last);
      last = new MemoryRegistry();
      await last.commit([
        ...listenKeys.map((key) => ({ kind: 'putListenKey', key }) as const),
        ...Object.entries(accounts).map(([id, sealed]) => ({ kind: 'putAccount', id, sealed }) as const),
        ...Object.entries(settings).map(([name, value]) => ({ kind: 'putSetting', name, value }) as const),
      ]);
      return last;
    },
    remove: async () => {},
  };
});
