import ByteIO
import S3Core

/// Objects that are filtered by a command before they are split into lines, several in parallel.
///
///     fetches -> lines.takeStored -> command -> lines.appendFiltered -> lines.next
///
/// The first objects with input get a command each, at most as many as there are processors; the object being
/// written always gets one. Output before the object's turn is kept up to one chunk and as long as there is
/// memory; then the command has to wait. Output of the object being written is passed on.
extension GetLines {
    /// The maximum of bytes that wait for a command to read them.
    private static var queueSize: Int { 256 << 10 }
    /// The maximum of bytes read from a command at a time.
    private static var outputSize: Int { 512 << 10 }

    /// The number of the object whose lines are written next.
    private var lead: Int { window.leader ?? window.head }

    /// Notes that an object may have input for a command.
    func noteUnfiltered(_ object: WindowObject) {
        guard options.filter != nil, !object.hasBegunFiltering else { return }
        // Usually the object belongs at the end.
        let place = (unfiltered.lastIndex { $0 <= object.number }).map { $0 + 1 } ?? 0
        if place == 0 || unfiltered[place - 1] != object.number {
            unfiltered.insert(object.number, at: place)
        }
    }

    /// Passes fetched bytes to the commands and takes their output.
    func filterObjects() {
        guard options.filter != nil else { return }
        for object in filtered { filterFetched(of: object) }
        beginFiltering()
    }

    /// Limits how much each command may write in this turn.
    func limitFiltered() {
        guard !filtered.isEmpty else { return }
        window.outside = outsideBytes
        for object in filtered {
            let isFirst = object.number == lead
            let isWritten = isFirst || !options.keepsOrder
            let most = isWritten && !object.lines.isHeldBack ? Self.outputSize : options.chunkSize
            let hasRoom = object.lines.decodedCount <= most && (isFirst || window.canHold(Self.outputSize))
            object.command?.outputLimit = hasRoom ? Self.outputSize : 0
        }
    }

    /// Stops filtering an object and cancels its command.
    func endFiltering(_ object: WindowObject) {
        unfiltered.removeAll { $0 == object.number }
        guard let command = object.command else { return }
        object.command = nil
        filtered.removeAll { $0 === object }
        run.commands?.cancel(command)
    }

    // MARK: running commands

    private func filterFetched(of object: WindowObject) {
        guard let command = object.command else { return }
        do throws(S3Error) { try give(object, to: command) } catch { object.problem = error }
        var isNew = false
        for slice in command.takeOutput() {
            object.lines.appendFiltered(slice)
            isNew = true
        }
        object.lines.gaveToCommand(command.takenBytes)
        if command.isSated { dropRest(of: object) }
        switch command.outcome {
        case .success: object.lines.endFiltered()
        case .failure(let text): object.problem = object.problem ?? S3Error(.refused, text)
        case nil: break
        }
        if command.outcome != nil || object.problem != nil {
            endFiltering(object)
            isNew = true
        }
        hashInBackground(object)
        account(for: object)
        if isNew { noteChanged(object) }
    }

    private func give(_ object: WindowObject, to command: FilterCommand) throws(S3Error) {
        while command.wantsInput, command.queuedBytes < Self.queueSize {
            let stored = try object.takeStored()
            for slice in stored { command.append(slice) }
            if stored.isEmpty {
                // Until then the command must not take the input for complete.
                if object.lines.isVerified { return command.endInput() }
                guard try object.takeFetched() else { return }
            }
        }
    }

    /// The command has stopped reading, as `head` does: the rest is not fetched.
    private func dropRest(of object: WindowObject) {
        guard !object.fetches.isEmpty || !object.lines.isWhole else { return }
        for fetch in object.fetches { fetch.drop() }
        object.fetches.removeAll()
        window.hasEnough(object.number)
    }

    // MARK: starting commands

    private func beginFiltering() {
        guard let atOnce = options.filter?.atOnce, !unfiltered.isEmpty else { return }
        window.outside = outsideBytes
        if unfiltered.contains(lead), let object = objects[lead] { _ = beginFiltering(object) }
        while filtered.count < atOnce, window.canHold(options.chunkSize), let number = unfiltered.first {
            guard let object = objects[number], !object.hasBegunFiltering else {
                unfiltered.removeFirst()
                continue
            }
            guard beginFiltering(object) else { return }
        }
    }

    /// - Returns: false if no command can be started until another one ends.
    private func beginFiltering(_ object: WindowObject) -> Bool {
        do throws(S3Error) {
            while !object.lines.hasStored {
                guard try object.takeFetched() else {
                    // It is noted again when bytes arrive, or their checksum is known.
                    hashInBackground(object)
                    endFiltering(object)
                    return true
                }
            }
            try object.check()
        } catch { return refuse(object, error) }
        let label = Diagnostics.printable(object.request.key)
        do throws(SystemError) {
            object.command = try run.commands?.start(
                label: label, key: object.request.objectKey, isSearch: true)
        } catch {
            if error.isShortage, !filtered.isEmpty { return false }
            return refuse(object, S3Error(.refused, "the command cannot be started: \(error)"))
        }
        unfiltered.removeAll { $0 == object.number }
        object.hasBegunFiltering = true
        filtered.append(object)
        filtered.sort { $0.number < $1.number }
        object.command?.outputLimit = Self.outputSize
        filterFetched(of: object)
        return true
    }

    private func refuse(_ object: WindowObject, _ error: S3Error) -> Bool {
        endFiltering(object)
        object.hasBegunFiltering = true
        object.problem = error
        noteChanged(object)
        return true
    }
}
