// What Iterable's own client makes of the sandbox, area by area. The client parses every reply with its own schemas.
//
//     node areas.mjs AREA URL

import assert from "node:assert/strict";
import { IterableApiError, IterableClient, IterableError, IterableRawError } from "@iterable/api";

const [area, baseUrl] = process.argv.slice(2);
const clientWith = (apiKey) => new IterableClient({ apiKey, baseUrl, timeout: 10_000 });
const client = clientWith("sandbox-typescript");

/** The error that a call ends with. */
async function refused(call) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof IterableError, `${error.name}: ${error.message}`);
    return error;
  }
  return assert.fail("the call was answered");
}

const areas = {
  async users() {
    assert.equal((await client.getUserByEmail({ email: "ann@shop.com" })).user, undefined);
    await client.updateUser({ email: "ann@shop.com", userId: "u/1", dataFields: { plan: "free", age: 41 } });
    const bulk = await client.bulkUpdateUsers({
      users: [
        { email: "ann@shop.com", dataFields: { home: { city: "Oslo" }, joined: "2026-01-31" } },
        { email: "bob@shop.com", dataFields: { plan: "gold" } },
        { email: "nobody" },
      ],
    });
    assert.deepEqual([bulk.successCount, bulk.failCount], [2, 1]);
    assert.deepEqual(bulk.failedUpdates.invalidEmails, ["nobody"]);
    assert.deepEqual(bulk.createdFields, ["home", "home.city", "joined"]);

    const { user } = await client.getUserByEmail({ email: "ann@shop.com" });
    assert.equal(user.userId, "u/1");
    assert.equal(user.dataFields.joined, "2026-01-31 00:00:00 +00:00");
    assert.deepEqual((await client.getUserByUserId({ userId: "u/1" })).user, user);
    const { fields } = await client.getUserFields();
    assert.deepEqual([fields.plan, fields.age, fields["home.city"]], ["string", "long", "string"]);

    await client.updateEmail({ currentEmail: "ann@shop.com", newEmail: "eve@shop.com" });
    await client.mergeUsers({ sourceEmail: "bob@shop.com", destinationEmail: "eve@shop.com" });
    assert.equal((await client.getUserByEmail({ email: "bob@shop.com" })).user, undefined);
    assert.equal((await client.getUserByEmail({ email: "eve@shop.com" })).user.dataFields.plan, "free");
    await client.deleteUserByUserId({ userId: "u/1" });
    await client.updateUser({ email: "cyd@shop.com" });
    await client.deleteUserByEmail({ email: "cyd@shop.com" });
    assert.equal((await client.getUserByEmail({ email: "cyd@shop.com" })).user, undefined);
  },

  async hybrid() {
    await client.updateUser({ userId: "u1", dataFields: { plan: "free" } });
    assert.equal((await client.getUserByUserId({ userId: "u1" })).user.dataFields.plan, "free");
    await client.updateUser({ userId: "u1", dataFields: { email: "ann@shop.com" } });
    assert.equal((await client.getUserByUserId({ userId: "u1" })).user.email, "ann@shop.com");
    assert.ok((await refused(client.updateEmail({ currentEmail: "ann@shop.com", newEmail: "b@shop.com" }))).isClientError());
  },

  async lists() {
    const { listId } = await client.createList({ name: "VIP", description: "The best" });
    const subscribed = await client.subscribeUserToList({
      listId,
      subscribers: [{ email: "ann@shop.com", dataFields: { plan: "gold" } }, { email: "bob@shop.com" }, { email: "bad@" }],
    });
    assert.deepEqual([subscribed.successCount, subscribed.failCount], [2, 1]);
    assert.deepEqual(subscribed.failedUpdates.invalidEmails, ["bad@"]);
    const left = await client.unsubscribeUserFromList({ listId, subscribers: [{ email: "bob@shop.com" }] });
    assert.deepEqual([left.successCount, left.failCount], [1, 0]);

    const listed = (await client.getLists()).lists.find((list) => list.id === listId);
    assert.deepEqual([listed.name, listed.description, listed.listType], ["VIP", "The best", "Standard"]);
    assert.deepEqual((await client.getListUsers({ listId })).users, [{ email: "ann@shop.com" }]);
    assert.deepEqual((await client.getListPreviewUsers({ listId, size: 5 })).users, ["ann@shop.com"]);
    assert.equal((await client.getListSize({ listId })).size, 1);
    await client.deleteList({ listId });
    const unknown = await refused(client.subscribeUserToList({ listId, subscribers: [{ email: "ann@shop.com" }] }));
    assert.ok(unknown instanceof IterableApiError && unknown.isValidationError());
    assert.match(unknown.message, /^error\.lists\.invalidListId\(\d+\)$/);
    assert.equal(unknown.code, "Success");
  },

  async events() {
    const empty = await refused(client.trackEvent({ email: "ann@shop.com", eventName: "Order Placed" }));
    assert.ok(empty.isClientError());
    await client.updateUser({ email: "ann@shop.com", userId: "u1" });
    const createdAt = 1_767_268_800;
    const tracked = await client.trackEvent({
      email: "ann@shop.com", eventName: "Order Placed", id: "order-1", createdAt, dataFields: { total: 9.5 },
    });
    assert.deepEqual(tracked.params, { id: "order-1" });
    const bulk = await client.trackBulkEvents({
      events: [
        { email: "ann@shop.com", eventName: "Order Placed", id: "order-1", createdAt, dataFields: { total: 12.5 } },
        { userId: "u1", eventName: "Cart Left", id: "cart-1", createdAt: createdAt + 60, campaignId: 7 },
        { email: "bad@", eventName: "Cart Left" },
        { email: "nobody@shop.com", eventName: "Cart Left" },
      ],
    });
    assert.deepEqual([bulk.successCount, bulk.failCount], [2, 2]);
    assert.deepEqual(bulk.failedUpdates.invalidEmails, ["bad@"]);
    const { events } = await client.getUserEventsByEmail({ email: "ann@shop.com", limit: 10 });
    assert.deepEqual(events.map((event) => event.eventName).sort(), ["Cart Left", "Order Placed"]);
    assert.deepEqual((await client.getUserEventsByUserId({ userId: "u1" })).events, events);
    const clash = { email: "ann@shop.com", eventName: "Order Placed", dataFields: { total: "much" } };
    assert.equal((await refused(client.trackEvent(clash))).code, "RequestFieldsTypesMismatched");
  },

  async exports() {
    await client.updateUser({ email: "ann@shop.com", dataFields: { plan: "gold" } });
    const { jobId } = await client.startExportJob({
      dataTypeName: "user",
      outputFormat: "application/x-json-stream",
      startDateTime: new Date(Date.now() - 86_400_000).toISOString(),
      onlyFields: "email,plan",
    });
    const { jobs } = await client.getExportJobs({ jobState: "completed" });
    assert.deepEqual(jobs.map(({ id, dataTypeName }) => [id, dataTypeName]), [[jobId, "user"]]);
    const { files, jobState } = await client.getExportFiles({ jobId });
    assert.deepEqual([jobState, files.length], ["completed", 1]);
    assert.deepEqual(await (await fetch(files[0].url)).json(), { email: "ann@shop.com", plan: "gold" });
    assert.deepEqual((await client.getExportFiles({ jobId, startAfter: files[0].file })).files, []);
    assert.ok((await refused(client.cancelExportJob({ jobId }))).isClientError());
    assert.ok((await refused(client.getExportFiles({ jobId: 999 }))).isNotFoundError());
  },

  async catalogs() {
    const catalogName = "products";
    const unknown = await refused(client.getCatalogItems({ catalogName }));
    assert.ok(unknown.isNotFoundError());
    const made = await client.createCatalog({ catalogName });
    assert.equal(made.params.name, catalogName);
    assert.ok((await refused(client.createCatalog({ catalogName }))).isValidationError());
    await client.updateCatalogFieldMappings({
      catalogName,
      mappingsUpdates: [{ fieldName: "price", fieldType: "double" }, { fieldName: "name", fieldType: "string" }],
    });
    const documents = { "tea-1": { name: "Tea", price: 4.5, origin: "Assam" }, "cup-1": { name: "Cup", price: 9.5 } };
    await client.replaceCatalogItems({ catalogName, documents });
    await client.partialUpdateCatalogItems({ catalogName, documents: { "tea-1": { price: 5.5 } } });
    await client.partialUpdateCatalogItem({ catalogName, itemId: "cup-1", update: { price: 8.5 } });
    await client.replaceCatalogItem({ catalogName, itemId: "pot-1", value: { name: "Pot", price: 19.5 } });

    const { catalogNames, totalCatalogsCount } = await client.getCatalogs({ page: 1, pageSize: 10 });
    assert.deepEqual([catalogNames, totalCatalogsCount], [[{ name: catalogName }], 1]);
    const { definedMappings, undefinedFields } = await client.getCatalogFieldMappings({ catalogName });
    assert.deepEqual([definedMappings, undefinedFields], [{ price: "double", name: "string" }, ["origin"]]);
    const item = await client.getCatalogItem({ catalogName, itemId: "tea-1" });
    assert.deepEqual(item.value, { name: "Tea", price: 5.5, origin: "Assam" });
    const page = await client.getCatalogItems({ catalogName, page: 1, pageSize: 2, orderBy: "price", sortAscending: true });
    assert.deepEqual(page.catalogItemsWithProperties.map((one) => one.itemId), ["tea-1", "cup-1"]);
    assert.equal(page.totalItemsCount, 3);
    assert.ok(page.nextPageUrl);

    await client.deleteCatalogItem({ catalogName, itemId: "pot-1" });
    await client.bulkDeleteCatalogItems({ catalogName, itemIds: ["cup-1"] });
    assert.equal((await client.getCatalogItems({ catalogName })).totalItemsCount, 1);
    assert.ok((await refused(client.getCatalogItem({ catalogName, itemId: "cup-1" }))).isNotFoundError());
    assert.ok((await refused(client.replaceCatalogItem({ catalogName, itemId: "a_b", value: {} }))).isValidationError());
    await client.deleteCatalog({ catalogName });
    assert.equal((await client.getCatalogs()).totalCatalogsCount, 0);
  },

  async subscriptions() {
    const email = "ann@shop.com";
    await client.bulkUpdateUsers({ users: [{ email, userId: "u1" }, { email: "bob@shop.com", userId: "u2" }] });
    const { listId } = await client.createList({ name: "VIP" });
    const [channel] = (await client.getChannels()).channels;
    const [type] = (await client.getMessageTypes()).messageTypes;
    const chosen = async () => (await client.getUserByEmail({ email })).user.dataFields;

    await client.updateUserSubscriptions({ email, emailListIds: [listId], unsubscribedMessageTypeIds: [type.id] });
    assert.deepEqual((await chosen()).unsubscribedMessageTypeIds, [type.id]);
    assert.deepEqual((await chosen()).emailListIds, [listId]);
    const toType = { subscriptionGroup: "messageType", subscriptionGroupId: type.id };
    await client.subscribeUserByEmail({ ...toType, userEmail: email });
    assert.deepEqual((await chosen()).unsubscribedMessageTypeIds, []);
    await client.unsubscribeUserByUserId({ ...toType, userId: "u1" });
    assert.deepEqual((await chosen()).unsubscribedMessageTypeIds, [type.id]);
    await client.subscribeUserByUserId({ ...toType, userId: "u1" });
    const toChannel = { subscriptionGroup: "messageChannel", subscriptionGroupId: channel.id };
    await client.unsubscribeUserByEmail({ ...toChannel, userEmail: email });
    assert.deepEqual((await chosen()).unsubscribedChannelIds, [channel.id]);
    const toList = { subscriptionGroup: "emailList", subscriptionGroupId: listId };
    await client.bulkUpdateSubscriptions({ ...toList, action: "unsubscribe", users: [email] });
    await client.bulkUpdateSubscriptions({ ...toList, action: "subscribe", usersByUserId: ["u2"] });
    assert.deepEqual((await client.getListUsers({ listId })).users, [{ email: "bob@shop.com" }]);
    const unknown = await refused(client.subscribeUserByEmail({ ...toType, subscriptionGroupId: 9, userEmail: email }));
    assert.ok(unknown instanceof IterableApiError && unknown.isClientError());
  },

  async exports() {
    await client.bulkUpdateUsers({ users: [{ email: "ann@shop.com" }, { email: "bob@shop.com" }] });
    const { jobId } = await client.startExportJob({ dataTypeName: "user", outputFormat: "text/csv", onlyFields: "email" });
    const { jobState, files } = await client.getExportFiles({ jobId });
    assert.equal(jobState, "completed");
    const lines = (await (await fetch(files[0].url)).text()).trim().split("\n");
    assert.deepEqual(lines.slice(1).sort(), ["ann@shop.com", "bob@shop.com"]);
    assert.deepEqual((await client.getExportJobs()).jobs.map((job) => job.id), [jobId]);
    assert.ok((await refused(client.cancelExportJob({ jobId }))).isValidationError());
    assert.ok((await refused(client.getExportFiles({ jobId: 99 }))).isNotFoundError());
  },

  async metadata() {
    const { channels } = await client.getChannels();
    const { messageTypes } = await client.getMessageTypes();
    assert.ok(channels.length && messageTypes.length);
    const known = new Set(channels.map((channel) => channel.id));
    assert.ok(messageTypes.every((type) => known.has(type.channelId)));
  },

  async errors() {
    const key = await refused(clientWith("wrong").getLists());
    assert.ok(key instanceof IterableApiError && key.isAuthError());
    assert.deepEqual([key.code, key.message], ["BadApiKey", "Invalid API key"]);
    assert.equal(key.params.endpoint, "/api/lists");

    const missing = await refused(client.getUserByUserId({ userId: "nobody" }));
    assert.ok(missing instanceof IterableRawError && missing.isValidationError());
    const email = await refused(client.updateUser({ email: "bad@" }));
    assert.ok(email instanceof IterableApiError && email.isValidationError());
    assert.equal(email.code, "InvalidEmailAddressError");
    const shape = await refused(client.bulkUpdateUsers({ users: [{ email: "ann@shop.com", preferUserId: "yes" }] }));
    assert.equal(shape.code, "BadJsonBody");
    assert.deepEqual(shape.params, { "obj.users[0].preferUserId": "Boolean value expected" });
    await client.updateUser({ email: "ann@shop.com", dataFields: { plan: "free" } });
    const clash = await refused(client.updateUser({ email: "ann@shop.com", dataFields: { plan: 7 } }));
    assert.equal(clash.code, "RequestFieldsTypesMismatched");
    assert.equal(clash.params.validationErrors.plan.expectedType, "string");
    const gone = await refused(client.mergeUsers({ sourceEmail: "no@shop.com", destinationEmail: "ann@shop.com" }));
    assert.equal(gone.code, "BadParams");

    const page = await refused(client.getCampaigns());
    assert.ok(page instanceof IterableRawError && page.isNotFoundError());
    assert.equal(page.message, "Action not found");

    const asked = await Promise.allSettled(Array.from({ length: 4 }, () => client.getUserFields()));
    const rate = asked.find((one) => one.status === "rejected").reason;
    assert.ok(rate instanceof IterableApiError && rate.isRateLimitError());
    assert.equal(rate.code, "RateLimitExceeded");
    assert.deepEqual(Object.keys(rate.params).sort(), ["rateLimitLimit", "rateLimitRemaining", "rateLimitReset"]);
  },
};

await areas[area]();
client.destroy();
