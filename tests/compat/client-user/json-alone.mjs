/** A user's program that reads JSON, as nearly all do: its bundle must not carry the schema of SBE. */
import { userDataStream } from '@listenpost/client';

for await (const event of userDataStream({ product: 'usdm', apiKey: process.env.API_KEY })) console.log(event.e);
