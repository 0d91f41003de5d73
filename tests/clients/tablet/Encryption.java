package tablet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals a finalised instance for the key in its form: nobody on the way can read it.
 *
 * <p>Re-creates C15: a random AES-256 key for each submission, wrapped by RSA OAEP SHA-256; CFB with an initial vector
 * that is counted on from file to file, submission.xml last; the envelope without XML declaration; the signature.
 */
final class Encryption {
    private final PublicKey publicKey;
    private final byte[] key = new byte[32];
    private final byte[] vector;
    private int filesSealed;

    private Encryption(String base64PublicKey, String instanceId) throws GeneralSecurityException {
        byte[] der = Base64.getMimeDecoder().decode(base64PublicKey);
        publicKey = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
        new SecureRandom().nextBytes(key);
        MessageDigest md5 = Disk.md5Digest();
        md5.update(instanceId.getBytes(StandardCharsets.UTF_8));
        md5.update(key);
        vector = md5.digest();
    }

    /** Replace the plain XML and files by the envelope and *.enc files. */
    static void seal(DeviceForm form, Path xml, String instanceId) throws IOException, GeneralSecurityException {
        List<Path> media = Instances.attachments(xml), all = new ArrayList<>(media);
        Path plain = xml.resolveSibling("submission.xml");
        Disk.move(xml, plain);
        all.add(plain);
        Encryption encryption = new Encryption(form.publicKey, instanceId);
        String wrappedKey = encryption.wrap(encryption.key);
        StringBuilder signed = new StringBuilder(form.formId).append('\n');
        if (form.version != null) signed.append(form.version).append('\n');
        signed.append(wrappedKey).append('\n').append(instanceId).append('\n');
        for (Path file : all) signed.append(Disk.name(file)).append("::").append(Disk.md5(file)).append('\n');
        for (Path file : all) encryption.seal(file);
        String signature = encryption.wrap(Disk.md5Digest().digest(signed.toString().getBytes(StandardCharsets.UTF_8)));
        Disk.write(xml, envelope(form, instanceId, wrappedKey, media, signature).getBytes(StandardCharsets.UTF_8));
        Files.deleteIfExists(form.lastSaved());
    }

    private void seal(Path file) throws IOException, GeneralSecurityException {
        vector[filesSealed++ % vector.length]++;
        Cipher cipher = Cipher.getInstance("AES/CFB/PKCS5Padding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(vector));
        Disk.write(file.resolveSibling(Disk.name(file) + ".enc"), cipher.doFinal(Files.readAllBytes(file)));
        Files.delete(file);
    }

    private String wrap(byte[] bytes) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
        cipher.init(Cipher.ENCRYPT_MODE, publicKey, new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256,
            PSource.PSpecified.DEFAULT));
        return Base64.getEncoder().encodeToString(cipher.doFinal(bytes));
    }

    private static String envelope(DeviceForm form, String instanceId, String wrappedKey, List<Path> media,
        String signature) {
        StringBuilder xml = new StringBuilder("<data xmlns=\"http://www.opendatakit.org/xforms/encrypted\" id=\""
            + Instances.escaped(form.formId) + "\"");
        if (form.version != null) xml.append(" version=\"").append(Instances.escaped(form.version)).append("\"");
        xml.append(" encrypted=\"yes\"><base64EncryptedKey>").append(wrappedKey).append("</base64EncryptedKey>");
        xml.append("<orx:meta xmlns:orx=\"http://openrosa.org/xforms\"><orx:instanceID>")
            .append(Instances.escaped(instanceId));
        xml.append("</orx:instanceID></orx:meta>\n");
        for (Path file : media)
            xml.append("<media><file>").append(Instances.escaped(Disk.name(file))).append(".enc</file></media>\n");
        xml.append("<encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>")
            .append(signature);
        return xml.append("</base64EncryptedElementSignature></data>").toString();
    }
}
