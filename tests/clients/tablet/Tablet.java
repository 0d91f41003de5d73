package tablet;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A headless stand-in for ODK Collect: one run syncs, fills, edits and sends, as the options say.
 *
 * <p>The forms run in JavaRosa, the engine inside Collect, taken from the ODK_Validate.jar of pyxform. What Collect
 * adds around it is re-created after its observed behaviour; each class says which points of the OpenRosa ledger
 * (docs/openrosa-compliance.md) it re-creates. A pass shows that the server keeps those rules, not that every tablet
 * accepts it. Not there: positions, printing, external apps, background audio.
 *
 * <p>One JSON object per line on stdout, stacks on stderr; exit status 0 when every step was ok.
 */
public final class Tablet {
    private final Options options;
    private final Events events;
    private final Http http;
    private final FormStore store;
    private final Instances instances;
    private final FormUpdates updates;
    private final FormFiller filler;
    private final Uploader uploader;

    public static void main(String[] arguments) throws Exception {
        Options options = Options.parse(arguments);
        Files.createDirectories(options.work);
        if (options.deviceId == null) options.deviceId = DeviceId.of(options.work);
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        Events events = new Events(out);
        new Tablet(options, events).run();
        System.exit(events.haveFailed() ? 1 : 0);
    }

    private Tablet(Options options, Events events) throws IOException {
        this.options = options;
        this.events = events;
        http = new Http(options, new Login(options), events);
        store = new FormStore(options.work);
        instances = new Instances(options.work);
        EntityLists lists = new EntityLists(options.work, events);
        OpenRosaClient client = new OpenRosaClient(options, new OpenRosaXml(http, events), events);
        EntityDownload entityDownload = new EntityDownload(http, client, lists, events);
        FormDownload download = new FormDownload(options.work, http, store, entityDownload, events);
        updates = new FormUpdates(options, client, store, download, instances, events);
        Engine engine = new Engine(options, lists);
        filler = new FormFiller(options, engine, instances, lists, new Questions(options, engine), events);
        uploader = new Uploader(options, http, events);
    }

    private void run() throws IOException {
        events.report("start", "base_url", options.baseUrl, "device_id", options.deviceId, "seed", options.seed,
            "javarosa", Engine.version());
        if (options.onlyPending) instances.pending().forEach(uploader::send);
        else if (updates.synchronise() && options.fill) fillAll();
        events.report("end", "ok", !events.haveFailed(), "requests", http.requests());
    }

    private void fillAll() {
        for (DeviceForm form : store.latest()) {
            if (!options.wants(form.formId)) continue;
            Path first = null;
            for (int i = 0; i < options.n; i++) {
                Path instance = fillOne(form);
                if (first == null) first = instance;
            }
            if (options.editFirst && first != null) editAll(form, first, 1);
        }
    }

    private Path fillOne(DeviceForm form) {
        try {
            Path instance = filler.fill(form);
            if (options.send && send(instance)) editAll(form, instance, options.edits);
            return instance;
        } catch (Exception e) {
            events.reportFailure("fill", form.formId, e);
            return null;
        }
    }

    private boolean send(Path instance) {
        if (options.loseResponse) uploader.sendAndLoseResponse(instance);
        boolean isSent = uploader.send(instance);
        if (isSent && options.resend) uploader.send(instance);
        return isSent;
    }

    /** Edit what was sent, and the edit, and so on; Collect never offers it for encrypted forms (C13). */
    private void editAll(DeviceForm form, Path sent, int edits) {
        if (edits > 0 && !form.isClientEditable) events.report("warning", "form_id", form.formId, "message",
            form.publicKey != null ? "encrypted: cannot be edited"
                : "not client-editable: Collect would not offer this edit; made all the same");
        if (form.publicKey != null) return;
        try {
            Path latest = sent;
            for (int i = 0; i < edits; i++) {
                latest = filler.edit(form, latest);
                if (!uploader.send(latest)) return;
            }
        } catch (Exception e) {
            events.reportFailure("edit", form.formId, e);
        }
    }
}
