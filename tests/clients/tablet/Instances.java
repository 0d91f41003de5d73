package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.SimpleDateFormat;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Locale;

/**
 * The filled forms on the tablet, each in a folder of its own with its files.
 *
 * <p>Re-creates C1 (sent in the order of finalisation), C5 (folder and file names; every file not hidden is an
 * attachment) and C10 (sent only after 201 or 202).
 */
final class Instances {
    private static final String ABOUT = ".meta.json";
    private static final String SENT = ".submitted";

    private final Path folder;

    Instances(Path work) {
        this.folder = work.resolve("instances");
    }

    /** Make a folder for a new instance and name its XML: form name_yyyy-MM-dd_HH-mm-ss. */
    Path create(DeviceForm form) throws IOException {
        String now = new SimpleDateFormat("yyyy-MM-dd_HH-mm-ss", Locale.ENGLISH).format(new Date());
        String base = FormStore.fileName(form.name) + "_" + now;
        Path home = folder.resolve(base);
        for (int i = 2; Files.exists(home); i++) home = folder.resolve(base + "-" + i);
        Files.createDirectories(home);
        return xmlIn(home);
    }

    private static Path xmlIn(Path home) {
        return home.resolve(Disk.name(home) + ".xml");
    }

    static List<Path> attachments(Path xml) throws IOException {
        return Disk.files(xml.getParent()).stream().filter(file -> !file.equals(xml) && !Disk.isHidden(file)).toList();
    }

    /** Files whose answer was replaced or cleared go, as Collect deletes them; audit.csv stays. */
    static void deleteOrphans(Path xml) throws IOException {
        String answers = Files.readString(xml);
        for (Path file : attachments(xml))
            if (!Disk.name(file).equals("audit.csv") && !answers.contains(">" + escaped(Disk.name(file)) + "<"))
                Files.delete(file);
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }

    void describe(Path xml, DeviceForm form) throws IOException {
        byte[] about = Events.JSON.writeValueAsBytes(Events.JSON.createObjectNode()
            .put("submissionUri", form.submissionUri).put("formId", form.formId));
        Disk.write(xml.resolveSibling(ABOUT), about);
    }

    /** The form's own address for submissions (B10), or null. */
    static String submissionUri(Path xml) throws IOException {
        JsonNode uri = Events.JSON.readTree(xml.resolveSibling(ABOUT).toFile()).path("submissionUri");
        return uri.isTextual() ? uri.asText().trim() : null;
    }

    static void markSent(Path xml) throws IOException {
        Disk.write(xml.resolveSibling(SENT), new byte[0]);
    }

    boolean existFor(String formId) throws IOException {
        for (Path home : Disk.folders(folder)) {
            Path about = home.resolve(ABOUT);
            if (Files.exists(about) && Events.JSON.readTree(about.toFile()).path("formId").asText().equals(formId))
                return true;
        }
        return false;
    }

    /** Finalised and not yet sent, in the order of finalisation. */
    List<Path> pending() throws IOException {
        return Disk.folders(folder).stream()
            .filter(home -> Files.exists(home.resolve(ABOUT)) && !Files.exists(home.resolve(SENT)))
            .sorted(Comparator.comparing(Instances::finalisedAt).thenComparing(Disk::name))
            .map(Instances::xmlIn).toList();
    }

    private static long finalisedAt(Path home) {
        return home.resolve(ABOUT).toFile().lastModified();
    }

    static byte[] stub() {
        return "<?xml version='1.0' ?><stub />".getBytes(StandardCharsets.UTF_8);
    }
}
