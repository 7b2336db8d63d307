import ByteIO

/// What other threads do for objects: decompress complete ones before their turn, as far as there are processors,
/// and compute expensive checksums.
extension GetLines {
    // MARK: before an object's turn

    /// Notes an object that has arrived completely, if there is something to do before its turn.
    func noteWhole(_ fetch: ObjectFetch) {
        let object = fetch.object
        guard options.threads > 1, fetch.isLast, fetch.error == nil, object.fetches.count == 1,
            object.lines.isHeldBack,
            !options.isRaw && fetch.mayBeCompressed
                || object.lines.isHashedInBackground(fetch.receivedBytes)
        else { return }
        unprepared.append(object.number)
    }

    /// Starts to prepare complete objects in order of their turn, as far as memory allows.
    func prepareAhead() {
        guard !unprepared.isEmpty, pool.pending < 2 * options.threads else { return }
        unprepared.sort()
        while pool.pending < 2 * options.threads, let number = unprepared.first {
            window.outside = outsideBytes
            guard window.canHold(options.chunkSize) else { return }
            unprepared.removeFirst()
            // It may have been written or filtered in its turn for lack of memory.
            guard let object = objects[number], object.fetches.count == 1, object.lines.consumedBytes == 0
            else { continue }
            do { _ = try object.takeFetched() } catch {
                object.problem = error
                noteChanged(object)
                continue
            }
            hashInBackground(object)
            decompressInBackground(object)
        }
    }

    /// The memory that objects to be fetched must leave free: the threads would otherwise wait for memory that is
    /// taken by objects waiting for a thread.
    var decodingReserve: Int {
        unprepared.isEmpty ? 0 : min(2 * options.threads * options.chunkSize, options.memory / 2)
    }

    private func decompressInBackground(_ object: WindowObject) {
        guard let decoding = object.lines.lend(limit: options.chunkSize) else { return }
        submit(for: object, decoding.run) { object.lines.takeBack(decoding) }
    }

    // MARK: checksums

    /// Starts the checksum of the received bytes of `object` in another thread, if they are many enough.
    func hashInBackground(_ object: WindowObject) {
        guard let hashing = object.lines.lendBytes() else { return }
        submit(for: object, hashing.run) { object.lines.takeBack(hashing) }
    }

    // MARK: all work

    /// Runs `work` in another thread with what `object` has lent. `takeBack` gets the result, unless the bytes of the
    /// object were dropped meanwhile.
    private func submit(
        for object: WindowObject, _ work: @escaping () -> Void, takeBack: @escaping () -> Void
    ) {
        account(for: object)
        let drops = object.drops
        pool.submit(Work(work)) { [unowned self] in
            guard object.drops == drops else { return }
            takeBack()
            account(for: object)
            noteChanged(object)
            noteUnfiltered(object)
            hashInBackground(object)
        }
    }
}
