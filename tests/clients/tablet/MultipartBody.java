package tablet;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/**
 * One multipart/form-data POST, its files streamed from the disk.
 *
 * <p>Re-creates C5 (part names, raw UTF-8 file names with only quote, CR and LF escaped, types by extension) and the
 * field {@code *isIncomplete*} of C6.
 */
final class MultipartBody {
    private static final Map<String, String> TYPES = Map.ofEntries(
        Map.entry("jpg", "image/jpeg"), Map.entry("jpeg", "image/jpeg"), Map.entry("png", "image/png"),
        Map.entry("m4a", "audio/mpeg"), Map.entry("mp3", "audio/mpeg"), Map.entry("amr", "audio/amr"),
        Map.entry("oga", "audio/ogg"), Map.entry("ogv", "video/ogg"), Map.entry("webm", "video/webm"),
        Map.entry("mp4", "video/mp4"),
        Map.entry("csv", "text/csv"), Map.entry("pdf", "application/pdf"), Map.entry("xml", "text/xml"));

    /** Either bytes held here, or a file to be read when it is sent. */
    private record Piece(byte[] bytes, Path file) {
        long length() throws IOException {
            return file == null ? bytes.length : Files.size(file);
        }

        BodyPublisher publisher() throws IOException {
            return file == null ? BodyPublishers.ofByteArray(bytes) : BodyPublishers.ofFile(file);
        }

        void writeTo(OutputStream out) throws IOException {
            if (file == null) out.write(bytes);
            else Files.copy(file, out);
        }
    }

    private final String boundary = UUID.randomUUID().toString();
    private final List<Piece> pieces = new ArrayList<>();

    void addXml(Path xml) {
        addFile("xml_submission_file", xml, "text/xml");
    }

    void addAttachment(Path file) {
        addFile(Disk.name(file), file, typeOf(Disk.name(file)));
    }

    void markIncomplete() {
        addText(opening("*isIncomplete*") + "\r\n\r\nyes\r\n");
    }

    MultipartBody close() {
        addText("--" + boundary + "--\r\n");
        return this;
    }

    String contentType() {
        return "multipart/form-data; boundary=" + boundary;
    }

    long length() {
        try {
            long length = 0;
            for (Piece piece : pieces) length += piece.length();
            return length;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    BodyPublisher publisher() throws IOException {
        List<BodyPublisher> publishers = new ArrayList<>();
        for (Piece piece : pieces) publishers.add(piece.publisher());
        return BodyPublishers.concat(publishers.toArray(BodyPublisher[]::new));
    }

    void writeTo(OutputStream out) throws IOException {
        for (Piece piece : pieces) piece.writeTo(out);
    }

    private void addFile(String name, Path file, String type) {
        addText(opening(name) + "; filename=\"" + quoted(Disk.name(file)) + "\"\r\nContent-Type: " + type + "\r\n\r\n");
        pieces.add(new Piece(null, file));
        addText("\r\n");
    }

    private String opening(String name) {
        return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + quoted(name) + "\"";
    }

    private void addText(String text) {
        pieces.add(new Piece(text.getBytes(StandardCharsets.UTF_8), null));
    }

    private static String quoted(String name) {
        return name.replace("\n", "%0A").replace("\r", "%0D").replace("\"", "%22");
    }

    private static String typeOf(String name) {
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return TYPES.getOrDefault(extension, "application/octet-stream");
    }
}
