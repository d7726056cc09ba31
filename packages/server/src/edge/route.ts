/**
 * Where a request on the public door leads, by its path: an answer, or a connection that its WebSocket is to be handed to.
 * What listens (a port, a simulated network) stands before it and decides nothing.
 */
import {
  answer,
  type Connection,
  type Request as CoreRequest,
  type House,
  handshake,
  isRefusal,
} from '@listenpost/core';
import { PRODUCTS } from '@listenpost/protocol';
import { requestTarget } from './request-target.ts';
import { restRequest } from './rest-request.ts';
import { errorResponse, gone, pathNotFound, refusalResponse, response } from './rest-response.ts';

export function route(
  house: House,
  request: Request,
  ip: string,
  connectionsMax: number,
): Response | Promise<Response> | Connection {
  const target = requestTarget(request.url);
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? '' : target.slice(queryAt + 1);
  const { endpoints, gonePaths } = house.rules;
  const verbs = endpoints.get(path);
  if (verbs === undefined) {
    return gonePaths.has(path) ? gone() : upgrade(house, request, path, query, ip, connectionsMax);
  }
  const endpoint = verbs.get(request.method);
  if (endpoint === undefined || !house.serves(endpoint)) return pathNotFound(path, request.method);
  return rest(house, restRequest(endpoint, request, query, ip));
}

async function rest(house: House, request: CoreRequest | Promise<CoreRequest>): Promise<Response> {
  const read = request instanceof Promise ? await request : request;
  return response(await answer(house, read), house.clock.now());
}

function upgrade(
  house: House,
  request: Request,
  path: string,
  query: string,
  ip: string,
  connectionsMax: number,
): Response | Connection {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return pathNotFound(path, request.method);
  if (house.connections.size >= connectionsMax) return errorResponse(PRODUCTS.usdm, 'SERVICE_SHUTTING_DOWN');
  const outcome = handshake(house, path, query, ip);
  if (outcome === null) return pathNotFound(path, request.method);
  return isRefusal(outcome) ? refusalResponse(outcome, house.clock.now()) : outcome;
}
